"""Migrations while people read and write, by processes of the version before.

No one of these waits for a lock for more than a second (the database would end it with an error),
and what they see and write is right throughout.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.db.pagination import PageRequest
from blog.posts import queries
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from tests.test_migrations import NEW_USER, run, site

pytestmark = pytest.mark.live

__all__ = ["site"]

BEFORE_PUBLICATION = "7b04e2c91d6f"
PEOPLE, POSTS = 50, 12_000
PAUSE_SECONDS = 0.01

FILL = """
    INSERT INTO posts (author_id, body, body_html, renderer_version, created_at, hidden_at)
    SELECT n % :people + 1, repeat('word ', 200), '<p>x</p>', 1,
        timestamptz '2024-01-01 12:00Z' + n * interval '1 hour',
        CASE WHEN n % 50 = 0 THEN now() END
    FROM generate_series(1, :posts) AS n
"""
# What the version before does: its home page, a post, a comment, hiding.
HOME = """
    WITH start AS (
        SELECT (number + 1) * 4096 AS below, 40 - newer AS skipped
        FROM (
            SELECT number, visible, sum(visible) OVER (ORDER BY number DESC) - visible AS newer
            FROM post_blocks
        ) AS block
        WHERE newer <= 40 AND newer + visible > 40
    )
    SELECT id FROM posts WHERE id < (SELECT below FROM start) AND hidden_at IS NULL
    ORDER BY id DESC LIMIT 21 OFFSET (SELECT skipped FROM start)
"""
WRITE = """
    INSERT INTO posts (author_id, body, body_html, renderer_version)
    SELECT n, 'x', '<p>x</p>', 1 FROM generate_series(1, 3) AS n
"""
COMMENT = """
    WITH post AS MATERIALIZED (
        SELECT id FROM posts WHERE id = ANY(:posts) AND hidden_at IS NULL
        ORDER BY id FOR NO KEY UPDATE
    )
    INSERT INTO comments (post_id, author_id, body, body_html, renderer_version)
    SELECT id, 1, 'x', 'x', 1 FROM post
"""
HIDE = "UPDATE posts SET hidden_at = CASE WHEN hidden_at IS NULL THEN now() END WHERE id = :post"

REGISTER = """
    INSERT INTO users (username, email, password_hash, role_id)
    SELECT name, name || '@example.com', '', (SELECT min(id) FROM roles) FROM (SELECT :name AS name)
"""

Act = Callable[[AsyncConnection, int], Awaitable[None]]


async def read(connection: AsyncConnection, _turn: int) -> None:
    """The third page of twenty, as the version before finds it."""
    assert len(list(await connection.scalars(text(HOME)))) == 21


async def write(connection: AsyncConnection, _turn: int) -> None:
    """Three posts by three people in one statement."""
    await connection.execute(text(WRITE))


async def comment(connection: AsyncConnection, turn: int) -> None:
    """Comments on some posts, old and new."""
    posts = [turn * step % POSTS + 1 for step in (1, 31, 401)]
    await connection.execute(text(COMMENT), {"posts": posts})


async def register(connection: AsyncConnection, turn: int) -> None:
    """A person more, and the oldest comments gone, as both are counted."""
    await connection.execute(text(REGISTER), {"name": f"newcomer{turn}"})
    await connection.execute(text("DELETE FROM comments WHERE id % 7 = :rest"), {"rest": turn % 7})


async def hide(connection: AsyncConnection, turn: int) -> None:
    """Hide a post, or show it."""
    await connection.execute(text(HIDE), {"post": turn * 97 % POSTS + 1})


@asynccontextmanager
async def busy(site: Database, *acts: Act) -> AsyncIterator[dict[Act, int]]:
    """Have each of these done again and again, each in a transaction; how often, by the act."""
    done = dict.fromkeys(acts, 0)
    is_over = asyncio.Event()

    async def go_on(act: Act) -> None:
        async with site.engine.connect() as connection:
            await connection.execute(text("SET lock_timeout = '1s'"))
            await connection.commit()
            while not is_over.is_set():
                await act(connection, done[act])
                await connection.commit()
                done[act] += 1
                # Without a pause they would fill the machine, and the tables.
                await asyncio.sleep(PAUSE_SECONDS)
            await connection.execute(text("RESET lock_timeout"))
            await connection.commit()

    async with asyncio.TaskGroup() as group:
        for act in acts:
            group.create_task(go_on(act))
        try:
            yield done
        finally:
            is_over.set()


@pytest.fixture
async def populated(site: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """A site of the version before, with posts of more than a year.

    A migration that takes its locks in another order than the writers needs more attempts.
    """
    monkeypatch.setattr(migrations, "ATTEMPTS", 30)
    await run(site, "downgrade", BEFORE_PUBLICATION)
    async with site.engine.begin() as connection:
        await connection.execute(NEW_USER, {"names": [f"person{n}" for n in range(PEOPLE)]})
        await connection.execute(text(FILL), {"people": PEOPLE, "posts": POSTS})
    return site


async def test_posts_get_their_time_of_publication_while_people_read_and_write(
    populated: Database,
) -> None:
    async with busy(populated, read, write, comment, register, hide) as done:
        await run(populated, "upgrade", "head")
    assert min(done.values()) > 10, done
    async with populated.session() as session:
        assert await wrong_counts(session) == {kept.name: 0 for kept in KEPT_COUNTS}
        other = text("SELECT id FROM posts WHERE published_at IS DISTINCT FROM created_at")
        assert (await session.scalars(other)).all() == []
        by_id = text("SELECT id FROM posts WHERE hidden_at IS NULL ORDER BY id DESC OFFSET 990")
        expected = list((await session.scalars(by_id)).all())[:10]
        page = await queries.NEWEST.cards(session, PageRequest(100, 10))
        assert [post.id for post in page.rows] == expected


async def test_the_way_back_holds_up_nobody_and_shows_no_draft(populated: Database) -> None:
    await run(populated, "upgrade", "head")
    async with populated.engine.begin() as connection:
        for status, moment in (("draft", None), ("scheduled", datetime(2100, 1, 1, tzinfo=UTC))):
            await connection.execute(
                text(
                    "INSERT INTO posts"
                    " (author_id, body, body_html, renderer_version, status, published_at)"
                    " VALUES (1, 'secret', 'secret', 1, :status, :moment)"
                ),
                {"status": status, "moment": moment},
            )
    async with busy(populated, write, comment, register, hide) as done:
        await run(populated, "downgrade", BEFORE_PUBLICATION)
    assert min(done.values()) > 10, done
    async with populated.engine.begin() as connection:
        secret = text("SELECT count(*) FROM posts WHERE body = 'secret' AND hidden_at IS NULL")
        assert await connection.scalar(secret) == 0
        wrong_blocks = text(
            "SELECT count(*) FROM post_blocks FULL JOIN ("
            " SELECT id / 4096 AS block, count(*) AS real FROM posts WHERE hidden_at IS NULL"
            " GROUP BY 1) AS counted ON block = number"
            " WHERE coalesce(visible, 0) <> coalesce(real, 0)"
        )
        assert await connection.scalar(wrong_blocks) == 0
        wrong_people = text(
            "SELECT count(*) FROM users WHERE post_count <> (SELECT count(*) FROM posts"
            " WHERE author_id = users.id AND hidden_at IS NULL)"
        )
        assert await connection.scalar(wrong_people) == 0
    await run(populated, "upgrade", "head")
    async with populated.session() as session:
        assert await wrong_counts(session) == {kept.name: 0 for kept in KEPT_COUNTS}
