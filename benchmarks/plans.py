"""Prints what the statements of search, tags, feeds and sitemaps cost on a large site.

    python -m benchmarks.plans [--small] [--keep FOLDER]

Asks for each page in this process, notes its statements, and runs them again with EXPLAIN (ANALYZE,
BUFFERS): execution time, the best of five, and blocks read. Loading a million posts takes half an
hour and 6 GB of disk; FOLDER keeps them for the next time.
"""

import argparse
import asyncio
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.sites import LARGE, SMALL, opened_site
from benchmarks.targets import addresses
from blog import create_app
from blog.core.web.app import Broadside
from blog.demo.history import Sizes
from settings import Settings
from tests.support import Browser

ROUNDS = 5
PAGES = (
    "/search?q=the", "/search?q=stone", "/search?q=falmouth", '/search?q="the for"',
    '/search?q="stone wall"', "/search?q=the in:comments", "/search?q=falmouth in:comments",
    "/search?q=the in:comments tag:{tag}", "/tags", "/tags?order=name", "/tag/{tag}",
    "/tag/{tag}?page=400", "/archive", "/explore", "/people", "/feed.atom", "/tag/{tag}/feed.atom",
    "/user/{writer}/feed.atom", "/post/{discussed}/comments/feed.atom",
    "/search/feed.atom?q=falmouth", "/sitemap.xml", "/sitemap/posts-1.xml", "/sitemap/tags-1.xml",
    "/sitemap/people-1.xml",
)  # fmt: skip
Statement = tuple[str, tuple[Any, ...]]


async def statements_of(app: Broadside, browser: Browser, address: str) -> list[Statement]:
    """The statements of a page, each with its parameters, in their order."""
    noted: list[Statement] = []

    def note(
        _connection: Connection, _cursor: Any, statement: str, parameters: Any, *_: Any
    ) -> None:
        noted.append((statement, tuple(parameters)))

    engines = (app.database.engine.sync_engine, app.database.reading_engine.sync_engine)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    answer = await browser.get(address)
    for engine in engines:
        event.remove(engine, "before_cursor_execute", note)
    assert answer.status_code in {200, 503}, (address, answer.status_code)
    return noted


async def cost_of(connection: AsyncConnection, statements: list[Statement]) -> tuple[float, int]:
    """The execution time of statements in one transaction, in milliseconds, and the blocks; without
    those of the rate limiter, which write."""
    milliseconds, blocks = 0.0, 0
    async with connection.begin() as transaction:
        for statement, parameters in statements:
            if "set_config" in statement:
                await connection.exec_driver_sql(statement, parameters)
                # A plan that takes longer is to be seen.
                await connection.execute(text("SET LOCAL statement_timeout = 0"))
            elif "INSERT" not in statement and "UPDATE" not in statement:
                explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
                found = await connection.exec_driver_sql(explain, parameters)
                [plan] = found.scalar_one()
                milliseconds += plan["Execution Time"]
                blocks += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        await transaction.rollback()
    return milliseconds, blocks


async def main(folder: Path, sizes: Sizes) -> None:
    """Measure, and print a table."""
    async with opened_site(folder, sizes) as database, database.session() as session:
        places = await addresses(session)
    values = {"env": "testing", "var_dir": folder, "background_worker": "external"}
    settings = Settings(_env_file=None, **values)  # type: ignore[arg-type]
    app = create_app(settings)
    await app.database.open()
    print("| page | statements | time | blocks |\n| --- | --- | --- | --- |")
    async with app.test_app(), Browser(app) as browser:
        browser.base_url = app.settings.base_url
        for page in PAGES:
            address = page.format(**places)
            statements = await statements_of(app, browser, address)
            async with app.database.engine.connect() as connection:
                costs = [await cost_of(connection, statements) for _ in range(ROUNDS)]
            milliseconds, blocks = min(costs)
            row = f"{len(statements)} | {milliseconds:.1f} ms | {blocks:,}"
            print(f"| `{address}` | {row} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--keep", type=Path, help="a folder that keeps the site")
    parser.add_argument("--small", action="store_true", help="a site of 10,000 posts")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        kept = arguments.keep or Path(
            stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        )
        asyncio.run(main(kept, SMALL if arguments.small else LARGE))
