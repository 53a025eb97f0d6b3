"""`blog simulate`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from blog.core.web.app import Broadside
from blog.demo.simulation import SCHEMA, timelines
from blog.demo.simulation.loading import (
    SimulationError,
    load,
    refuse_used_site,
    simulation_schema,
)
from blog.demo.simulation.measuring import Measurements
from blog.demo.simulation.report import Day, break_even, format_blocks, format_verdict
from blog.demo.simulation.shape import Shape, Size
from blog.demo.simulation.timelines import STORED, Cost, first_page_ids, measure_storing
from blog.models import User
from blog.posts.queries import FOLLOWED
from tests.cli.conftest import Command

UNTIL = datetime(2026, 6, 1, tzinfo=UTC)
SIZE = Size(people=300, follows=8, posts=3)


async def schemas(engine: AsyncEngine) -> int:
    """How many schemas of simulations there are."""
    async with engine.connect() as connection:
        found = await connection.scalar(
            text("SELECT count(*) FROM pg_namespace WHERE nspname = :name"), {"name": SCHEMA}
        )
    return found or 0


@asynccontextmanager
async def loaded(engine: AsyncEngine) -> AsyncIterator[tuple[AsyncConnection, Shape]]:
    """A small simulation."""
    rows = Shape(SIZE, seed=1, until=UNTIL)
    async with simulation_schema(engine) as connection:
        await load(connection, rows, lambda line: None)
        yield connection, rows


async def test_it_prints_a_table_and_which_way_costs_less_and_leaves_nothing(
    blog: Command, app: Broadside, own_engine: AsyncEngine
) -> None:
    small = ("--people", "300", "--follows", "8", "--posts", "3", "--seconds", "5")
    code, output = await blog("simulate", *small)
    assert code == 0, output
    lines = output.splitlines()
    assert any(line.startswith("| a page, following 10: as now | 1 | ") for line in lines), output
    assert any(line.startswith("| a page, following 10: stored | 1 | ") for line in lines)
    assert any(line.startswith("| storing a post, ") for line in lines)
    assert lines[-1].startswith("With 10 pages read and 0.2 posts written per person and day, fan-")
    assert await schemas(own_engine) == 0
    async with own_engine.connect() as connection:
        assert await connection.scalar(select(func.count(User.id))) == 0


async def test_a_number_a_day_that_is_none_is_refused(blog: Command) -> None:
    for option in ("--pages-a-day", "--posts-a-day"):
        code, output = await blog("simulate", option, "nan")
        assert (code, "nan is not a number" in output) == (2, True), output


async def test_a_site_with_users_is_refused(
    blog: Command, susan: User, own_engine: AsyncEngine
) -> None:
    assert await blog("simulate") == (
        1, "Error: this site has users: a simulation needs an empty or a demo site\n",
    )  # fmt: skip
    assert await schemas(own_engine) == 0


async def test_a_site_whose_tables_are_in_the_schema_of_simulations_is_refused(
    app: Broadside, own_engine: AsyncEngine
) -> None:
    async with own_engine.connect() as connection:
        await connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        await connection.execute(text(f"CREATE TABLE {SCHEMA}.alembic_version ()"))
        with pytest.raises(SimulationError, match="the site is in the schema"):
            await refuse_used_site(connection)


async def test_rows_are_not_copied_to_the_site_if_the_search_path_is_lost(
    app: Broadside, own_engine: AsyncEngine
) -> None:
    """A connection pooler may give each statement another connection of the server."""
    rows = Shape(SIZE, seed=1, until=UNTIL)

    def lost(_: Any, _cursor: Any, statement: str, given: Any, *_more: Any) -> tuple[str, Any]:
        return ("SELECT 1" if statement.startswith("SET search_path") else statement), given

    async with simulation_schema(own_engine) as connection:
        event.listen(connection.sync_connection, "before_cursor_execute", lost, retval=True)
        with pytest.raises(ProgrammingError, match="timeline_entries"):
            await load(connection, rows, lambda line: None)
        of_site = text("SELECT count(*) FROM public.users")
        assert await connection.scalar(of_site) == 0


async def test_both_ways_show_the_same_posts_and_each_follower_gets_an_entry(
    own_engine: AsyncEngine, app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with loaded(own_engine) as (connection, rows):
        [readers] = rows.readers.values()
        for reader in readers:
            found = await first_page_ids(connection, FOLLOWED, reader)
            assert len(found) == timelines.POSTS
            assert await first_page_ids(connection, STORED, reader) == found
        author = max(range(SIZE.people + 1), key=rows.follower_count.__getitem__)
        followers = rows.follower_count[author]
        monkeypatch.setattr(timelines, "BATCH", 10)
        cost = await measure_storing(connection, author, 10_000, UNTIL)
        assert (cost.rows, cost.statements) == (followers, -(-followers // 10))
        of_post = text(
            "SELECT count(DISTINCT reader_id) FROM timeline_entries WHERE post_id = 10000"
        )
        assert await connection.scalar(of_post) == followers


async def test_a_second_simulation_is_refused_and_one_that_was_killed_is_tidied_up(
    own_engine: AsyncEngine, app: Broadside
) -> None:
    async with own_engine.begin() as connection:
        await connection.execute(text(f"CREATE SCHEMA {SCHEMA}"))
        await connection.execute(text(f"CREATE TABLE {SCHEMA}.users (id int)"))
    async with simulation_schema(own_engine):
        with pytest.raises(SimulationError, match="another simulation"):
            async with simulation_schema(own_engine):
                pass
        assert await schemas(own_engine) == 1
    assert await schemas(own_engine) == 0


def test_the_same_seed_gives_the_same_people_and_few_have_most_followers() -> None:
    one, again, other = (Shape(SIZE, seed, UNTIL) for seed in (1, 1, 2))
    follows = list(one.follows())
    assert follows == list(again.follows())
    assert follows != list(other.follows())
    counts = sorted(one.follower_count, reverse=True)
    assert sum(counts[:30]) > len(follows) / 3
    [(number, readers)] = one.readers.items()
    assert [sum(row[0] == reader for row in follows) for reader in readers] == [number] * 5


def test_the_last_line_names_those_for_whom_storing_costs_less() -> None:
    stored, of_post = Cost(blocks=100), Cost(rows=10, blocks=50)
    measured = Measurements(
        pages={10: (Cost(blocks=150), stored), 100: (Cost(blocks=1100), stored)},
        posts={10: (of_post, of_post)},
    )
    assert break_even(measured) == {10: 10, 100: 200}
    assert "for readers who follow 10 or 100 people." in format_verdict(
        measured, Day(pages=2, posts=1)
    )
    assert "for readers who follow 100 people." in format_verdict(measured, Day(pages=1, posts=1))
    assert "fan-out on read" in format_verdict(measured, Day(pages=1, posts=2))


def test_readers_whose_page_touches_no_more_blocks_as_now_are_named_apart() -> None:
    stored, of_post = Cost(blocks=100), Cost(rows=10, blocks=50)
    pages = {following: (Cost(blocks=blocks), stored) for following, blocks in
             ((3, 60), (10, 100), (100, 1100))}  # fmt: skip
    line = format_blocks(Measurements(pages=pages, posts={10: (of_post, of_post)}))
    assert "as storing these entries: 200 (following 100)." in line
    assert "no more blocks than reading a stored one for those who follow 3 or 10 people." in line
    assert "-" not in line
