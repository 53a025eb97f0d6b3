"""Measures what each action costs: processor time, statements, rows, and bytes of the log.

    python -m benchmarks.costs [--keep FOLDER] [--times 100]

Serves a small demo site in this process, one request at a time, with an embedded PostgreSQL of its
own, and prints two tables in Markdown: what each page and each write takes, and how many bytes of
disk the rows take, with their indexes. Rows and the log are exact: nothing else writes meanwhile,
and full pages, which the log has of each page after a checkpoint, are switched off. Processor time
of the site includes the client's, which is a part of a millisecond.
"""

import argparse
import asyncio
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from sqlalchemy import event, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

from benchmarks.sites import opened_site
from benchmarks.writes import TEXT, Cast, cast_of
from blog import create_app
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.demo.history import Sizes
from blog.demo.people import CAST, READER
from blog.models import ApiToken, Post, User
from blog.posts.queries import IS_LISTED
from settings import Settings
from tests.support import Browser

SIZES = Sizes(users=2_000, posts=4_000, comments=12_000, follows=40_000)
# The page of someone who follows 1,000 people.
TIMELINE = "a timeline"
HOUR = timedelta(hours=1)
# What is stored of each, with all that belongs to it: the tables of its rows.
STORED = {
    "post": ("posts", "post_search", "post_tags", "post_media"),
    "comment": ("comments", "comment_search"),
    "like": ("post_likes",),
    "follow": ("follows",),
    "person": ("users",),
}
# Settings that would make the log depend on the time of a checkpoint, or on luck.
QUIET = ("full_page_writes = off", "autovacuum = off", "checkpoint_timeout = '1h'")


class Request(NamedTuple):
    """A request of the API with a token, or of a page."""

    method: str
    path: str
    token: str = ""
    json: dict[str, Any] | None = None


class Reading(NamedTuple):
    """What has been used so far: bytes of the log, seconds of processors, and rows by table."""

    log: int
    site: float
    database: float
    rows: Counter[str]


def requests_of(cast: Cast, times: int) -> dict[str, list[Request]]:
    """The requests of each kind. The writes are of different people, as most are."""
    people, root = cast.tokens[1 : times + 1], "/api/v1"
    text = {"body": TEXT}
    return {
        "home, anonymous": [Request("GET", "/")] * times,
        TIMELINE: [Request("GET", "/")] * times,
        "a post": [Request("GET", f"/post/{cast.post}")] * times,
        "API: posts": [Request("GET", f"{root}/posts/", cast.tokens[0])] * times,
        "a new post": [Request("POST", f"{root}/posts/", each, text) for each in people],
        "a comment": [
            Request("POST", f"{root}/posts/{cast.post}/comments/", each, text) for each in people
        ],
        "a like": [Request("PUT", f"{root}/posts/{cast.post}/like", each) for each in people],
        "a follow": [
            Request("PUT", f"{root}/users/{cast.ids[-1]}/follow", each) for each in people
        ],
    }


async def cast_that_is_new(session: AsyncSession) -> Cast:
    """People with tokens, who have not yet liked the post, nor followed the last of them. That they
    are there, which is noted at most once a minute, has been."""
    unliked = select(Post.id).where(IS_LISTED).order_by(Post.like_count, Post.id).limit(1)
    cast = await cast_of(session)
    unfollowed = (
        select(User.id).where(User.id.not_in(cast.ids)).order_by(User.follower_count).limit(1)
    )
    post, person = await session.scalar(unliked), await session.scalar(unfollowed)
    assert post is not None
    assert person is not None
    await session.execute(update(ApiToken).values(last_used_at=now() + HOUR))
    await session.execute(update(User).values(last_seen_at=now() + HOUR))
    await session.commit()
    return replace(cast, post=post, ids=[*cast.ids, person])


@asynccontextmanager
async def quiet_site(folder: Path) -> AsyncIterator[tuple[Broadside, AsyncConnection, Cast]]:
    """A site whose database writes only what it is told to, and a connection to look at it."""
    async with opened_site(folder, SIZES) as database:
        async with database.session() as session:
            cast = await cast_that_is_new(session)
        looking = database.engine.execution_options(isolation_level="AUTOCOMMIT")
        async with looking.connect() as connection:
            for setting in QUIET:
                await connection.execute(text(f"ALTER SYSTEM SET {setting}"))
            await connection.execute(text("SELECT pg_reload_conf()"))
            values = {
                "env": "testing", "var_dir": folder, "background_worker": "external",
                "rate_limits": False,
            }  # fmt: skip
            app = create_app(Settings(_env_file=None, **values))  # type: ignore[arg-type]
            await app.database.open()
            async with app.test_app():
                yield app, connection, cast


async def look(app: Broadside, connection: AsyncConnection) -> Reading:
    """What has been used so far. The site's connections are closed: then their counts are there."""
    own = psutil.Process()
    pid = await connection.scalar(text("SELECT pg_backend_pid()"))
    postmaster = psutil.Process(pid).parent()
    assert postmaster is not None
    database = _seconds(postmaster, *postmaster.children())
    helpers = [child for child in own.children(recursive=True) if "post" not in child.name()]
    site = time.process_time() + _seconds(*helpers)
    for engine in (app.database.engine, app.database.reading_engine):
        await engine.dispose()
    await asyncio.sleep(1)
    log = "SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint"
    rows = await connection.execute(text(
        "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
    ))  # fmt: skip
    counted = {name: number for name, number in rows}  # noqa: C416 (a row is not a pair)
    return Reading(await connection.scalar(text(log)), site, database, Counter(counted))


def _seconds(*processes: psutil.Process) -> float:
    times = [process.cpu_times() for process in processes]
    # A process that has ended is in what its parent knows of its children.
    return sum(each.user + each.system for each in times) + (
        times[0].children_user + times[0].children_system if times else 0
    )


async def ask(app: Broadside, browser: Browser, requests: Sequence[Request]) -> tuple[int, int]:
    """Send requests one after the other; returns the statements and the bytes of the answers."""
    statements, answered = 0, 0

    def count(*_: Any) -> None:
        nonlocal statements
        statements += 1

    engines = (app.database.engine.sync_engine, app.database.reading_engine.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", count)
    for request in requests:
        headers = {"Authorization": f"Bearer {request.token}"} if request.token else {}
        answer = await browser.request(
            request.method, request.path, headers=headers, json=request.json
        )
        assert answer.is_success, (request, answer.status_code, answer.text)
        answered += len(answer.content)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", count)
    return statements, answered


async def print_actions(
    app: Broadside, connection: AsyncConnection, cast: Cast, times: int
) -> None:
    """The table of what each action takes."""
    head = "", "site, ms", "database, ms", "statements", "bytes answered", "log, bytes", "rows"
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for name, requests in requests_of(cast, times + 1).items():
        async with Browser(app) as browser:
            browser.base_url = app.settings.base_url
            if name == TIMELINE:
                await browser.open_session(CAST[READER].username)
                await browser.get("/followed")
            await ask(app, browser, requests[:1])  # It warms up.
            before = await look(app, connection)
            statements, answered = await ask(app, browser, requests[1:])
            after = await look(app, connection)
        rows = after.rows - before.rows
        number = len(requests) - 1
        cells = (
            name,
            f"{1000 * (after.site - before.site) / number:.1f}",
            f"{1000 * (after.database - before.database) / number:.1f}",
            f"{statements / number:.1f}",
            f"{answered / number:,.0f}",
            f"{(after.log - before.log) / number:,.0f}",
            ", ".join(f"{table} {done / number:.3g}" for table, done in rows.most_common()),
        )
        print(f"| {' | '.join(cells)} |", flush=True)


async def print_bytes(connection: AsyncConnection) -> None:
    """The table of what rows take."""
    print("\n| each | bytes of disk |\n| --- | --- |")
    for name, tables in STORED.items():
        sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in tables)
        each = await connection.scalar(text(f"SELECT ({sizes})::float / count(*) FROM {tables[0]}"))
        print(f"| {name} | {each:,.0f} |")


async def main(folder: Path, times: int) -> None:
    """Measure, and print."""
    async with quiet_site(folder) as (app, connection, cast):
        await print_bytes(connection)
        await print_actions(app, connection, cast, times)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="where the site stays for the next run")
    parser.add_argument("--times", type=int, default=100, help="how often each is asked for")
    arguments = parser.parse_args()
    with ExitStack() as temporary:
        folder = arguments.keep or Path(temporary.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(main(folder / "costs", arguments.times))
