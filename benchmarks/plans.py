"""Prints what the statements of search, tags, feeds and sitemaps cost on a large site.

    python -m benchmarks.plans [--small] [--keep FOLDER]

Asks for each page in this process, notes its statements, and runs them again with EXPLAIN (ANALYZE,
BUFFERS): execution time, the best of five, and blocks read. Loading a million posts takes half an
hour and 6 GB of disk; FOLDER keeps them for the next time. Those of the search's corpus are among
them (`benchmarks.corpus`).
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from sqlalchemy import Connection, event, text
from sqlalchemy.ext.asyncio import AsyncConnection

from benchmarks.corpus import plant
from benchmarks.sites import LARGE, SMALL, opened_site
from benchmarks.targets import addresses
from blog import create_app
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.demo.history import Sizes
from settings import Settings
from tests.support import Browser

ROUNDS = 5
PAGES = (
    "/search?q=the", "/search?q=stone", "/search?q=falmouth", '/search?q="the for"',
    '/search?q="stone wall"', "/search?q=the in:comments", "/search?q=falmouth in:comments",
    "/search?q=the in:comments tag:{tag}", "/search?q=in:comments tag:{tag}",
    "/search?q=the in:comments has:image", '/search?q="the for" in:comments',
    "/search/suggestions?q=s", "/search/suggestions?q=gar",
    "/api/v1/search/?q=the", "/api/v1/search/?q=falmouth", "/api/v1/search/?q=the&sort=date",
    "/tags", "/tags?order=name", "/tag/{tag}", "/tag/{tag}?page=400", "/archive",
    "/archive/{year}/{month}", "/explore", "/explore?order=discussed", "/explore?order=newest",
    "/people", "/people?order=newest", "/people?order=name", "/feed.atom", "/tag/{tag}/feed.atom",
    "/user/{writer}/feed.atom", "/post/{discussed}/comments/feed.atom", "/search/feed.atom?q=the",
    "/search/feed.atom?q=falmouth", "/oembed?url={base}/post/{discussed}", "/sitemap.xml",
    "/sitemap/posts-1.xml", "/sitemap/tags-1.xml", "/sitemap/people-1.xml",
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


class Cost(NamedTuple):
    """The execution time, the blocks, the number and the planning time of statements."""

    milliseconds: float
    blocks: int
    statements: int
    planning: float


async def cost_of(connection: AsyncConnection, statements: list[Statement]) -> Cost:
    """The cost of statements in one transaction."""
    milliseconds, planning, blocks = 0.0, 0.0, 0
    async with connection.begin() as transaction:
        for statement, parameters in statements:
            if "set_config" in statement:
                await connection.exec_driver_sql(statement, parameters)
                # A plan that takes longer is to be seen.
                await connection.execute(text("SET LOCAL statement_timeout = 0"))
            else:
                explain = f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {statement}"
                found = await connection.exec_driver_sql(explain, parameters)
                [plan] = found.scalar_one()
                milliseconds += plan["Execution Time"]
                planning += plan["Planning Time"]
                blocks += plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        await transaction.rollback()
    return Cost(milliseconds, blocks, len(statements), planning)


async def least_cost(app: Broadside, browser: Browser, address: str) -> Cost:
    """The least cost of a page in some rounds."""
    statements = await statements_of(app, browser, address)
    async with app.database.engine.connect() as connection:
        return min([await cost_of(connection, statements) for _ in range(ROUNDS)])


@asynccontextmanager
async def asking(
    folder: Path, sizes: Sizes
) -> AsyncIterator[tuple[Broadside, Browser, Mapping[str, object]]]:
    """An application on a demo site with the corpus, a client, and the parts of addresses."""
    async with opened_site(folder, sizes) as database:
        await plant(database)
        async with database.session() as session:
            places = await addresses(session)
    values: dict[str, Any] = {"env": "testing", "var_dir": folder, "rate_limits": False}
    settings = Settings(_env_file=None, background_worker="external", **values)
    app = create_app(settings)
    await app.database.open()
    async with app.test_app(), Browser(app) as browser:
        browser.base_url = app.settings.base_url
        yield app, browser, places


async def main(folder: Path, sizes: Sizes) -> None:
    """Measure, and print a table."""
    print("| page | statements | time | blocks |\n| --- | --- | --- | --- |")
    async with asking(folder, sizes) as (app, browser, places):
        base = quote(app.settings.base_url, safe="")
        for page in PAGES:
            address = page.format(**places, base=base, year=now().year, month=now().month)
            cost = await least_cost(app, browser, address)
            row = f"{cost.statements} | {cost.milliseconds:.1f} ms | {cost.blocks:,}"
            print(f"| `{address}` | {row} |", flush=True)


@contextmanager
def parsed_arguments(description: str | None) -> Iterator[tuple[Path, Sizes]]:
    """The folder of the site, which may be temporary, and its sizes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--keep", type=Path, help="a folder that keeps the site")
    parser.add_argument("--small", action="store_true", help="a site of 10,000 posts")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        yield arguments.keep or Path(temporary), SMALL if arguments.small else LARGE


if __name__ == "__main__":
    with parsed_arguments(__doc__) as (folder, sizes):
        asyncio.run(main(folder, sizes))
