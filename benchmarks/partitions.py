"""Rehearses the division of posts and comments by month on a populated site.

    python -m benchmarks.partitions [--posts 100000] [--keep FOLDER]

Loads a demonstration, copies its database twice, and divides `posts` and `comments` of the copies
(`benchmarks/partitioning.py`): in one they become the first partitions as they are, in the other
all rows are copied into a partition a month. Prints how long the site has to wait for that, and
what the statements of the main pages take in all three: execution and planning, the best of five,
and blocks. Proves the counts at the end. Loading takes minutes; FOLDER keeps it for the next time.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from sqlalchemy import URL, text
from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.partitioning import divide, months_of, validate
from benchmarks.plans import Cost, least_cost
from benchmarks.sites import opened_site
from benchmarks.targets import FOLLOWED, addresses
from blog import create_app
from blog.demo.history import Sizes
from blog.demo.people import CAST, READER
from blog.posts.counts import wrong_counts
from settings import Settings
from tests.support import Browser

TABLES = ("posts", "comments")
UNDIVIDED, AS_THEY_ARE, COPIED = "undivided", "as they are", "a partition a month"
PAGES = (
    "/", "/?page={deep}", "/user/{writer}", "/post/{discussed}",
    "/post/{discussed}?page=20", "/tag/{tag}", "/explore", "/archive", "/search?q=the",
    "/search?q=falmouth", "/search?q=falmouth in:comments", "/feed.atom", "/sitemap/posts-1.xml",
    FOLLOWED,
)  # fmt: skip


async def copy(url: URL, name: str) -> URL:
    """Copy the database of a site that nobody is connected to; the copy's address."""
    engine = create_async_engine(url.set(database="template1"), isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(f"DROP DATABASE IF EXISTS {name}"))
        await connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {url.database}"))
    await engine.dispose()
    return url.set(database=name)


async def divide_all(url: URL, *, is_copied: bool) -> None:
    """Divide the tables of a copy, and print how long everybody waits for each."""
    engine = create_async_engine(url)
    for table in TABLES:
        begin = time.perf_counter()
        async with engine.begin() as connection:
            bounds = await months_of(connection, table) if is_copied else None
            keys = await divide(connection, table, bounds)
        divided = time.perf_counter()
        async with engine.begin() as connection:
            await validate(connection, keys)
        validated = time.perf_counter()
        async with engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            # Autovacuum does this later with partitions, but not with what they are partitions of.
            await connection.execute(text(f"VACUUM (ANALYZE) {table}"))
            parts = await connection.scalar(
                text("SELECT count(*) FROM pg_inherits WHERE inhparent = CAST(:name AS regclass)"),
                {"name": table},
            )
        print(
            f"{table}, {COPIED if is_copied else AS_THEY_ARE}: {parts} partitions, locked for "
            f"{divided - begin:.2f} s, then {len(keys)} foreign keys proved in "
            f"{validated - divided:.2f} s",
            flush=True,
        )
    await engine.dispose()


async def measure(url: URL, folder: Path) -> Mapping[str, Cost]:
    """What the statements of each page take on a site; its counts are proved."""
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    values = {
        "env": "testing", "var_dir": folder, "background_worker": "external", "rate_limits": False,
        "database_url": address,
    }  # fmt: skip
    app = create_app(Settings(_env_file=None, **values))  # type: ignore[arg-type]
    await app.database.open()
    costs = {}
    async with app.test_app(), Browser(app) as browser:
        browser.base_url = app.settings.base_url
        async with app.database.session() as session:
            places = await addresses(session)
        await browser.open_session(CAST[READER].username)
        for page in PAGES:
            if page == FOLLOWED:  # From now on this tab of the home page is shown.
                await browser.get(page)
            address = page.format(**places) if page != FOLLOWED else "/"
            costs[page] = await least_cost(app, browser, address)
        async with app.database.session() as session:
            wrong = await wrong_counts(session)
    assert not any(wrong.values()), wrong
    return costs


async def main(folder: Path, sizes: Sizes) -> None:
    """Load, divide, measure, and print."""
    async with opened_site(folder, sizes) as database:
        url = database.engine.url
        await database.engine.dispose()
        await database.reading_engine.dispose()
        divided = {UNDIVIDED: url}
        for way, name in ((AS_THEY_ARE, "as_they_are"), (COPIED, "by_month")):
            divided[way] = await copy(url, name)
            await divide_all(divided[way], is_copied=way == COPIED)
        costs = {way: await measure(place, folder) for way, place in divided.items()}
    print(f"\n| page: execution, planning, blocks | {' | '.join(divided)} |\n|{' --- |' * 4}")
    for page in PAGES:
        cells = [
            f"{cost.milliseconds:.1f} ms, {cost.planning:.1f} ms, {cost.blocks:,}"
            for cost in (costs[way][page] for way in divided)
        ]
        print(f"| `{page}` | {' | '.join(cells)} |")
    print("\nAll counts were proved.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="a folder that keeps the site")
    parser.add_argument("--posts", type=int, default=100_000, help="how many there are")
    arguments = parser.parse_args()
    posts = arguments.posts
    sizes = Sizes(users=max(posts // 10, 1_500), posts=posts, comments=3 * posts, follows=2 * posts)
    with ExitStack() as stack:
        kept = arguments.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        )
        asyncio.run(main(kept, sizes))
