"""Measures what the rows cost that all writers of posts or comments update: the site-wide counts.

Usage: python -m benchmarks.hot_rows [--quick]

Lets 64 clients write by the API, and pgbench with 64 connections, in turn with the trigger that
counts in the row of the day (`post_days`) or of the range of ids (`comment_ranges`) and without it.
Prints a table in Markdown, and whether a count costs the site more than a fifth of its writes. The
counts are repaired at the end. Rate limits are off. Needs wrk, and 4 minutes.
"""

import argparse
import asyncio
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple

from sqlalchemy import text

from benchmarks.load import load_with
from benchmarks.sites import SMALL, opened_site
from benchmarks.writes import BARE_INSERTS, WORKERS, Effort, bare_inserts, cast_of
from blog.core.db.database import Database
from blog.posts.counts import recount
from tests.servers import serving

CLIENTS = 64
MOST_LOST = 1 / 5


class HotRow(NamedTuple):
    """A count that all writers of a kind update, and the trigger that does it."""

    writes: str
    table: str
    trigger: str
    counts: str


ROWS = (
    HotRow("posts, many authors", "posts", "count_inserted_posts_by_day", "post_days"),
    HotRow("comments on many posts", "comments", "count_inserted_rows", "comment_ranges"),
)


async def switch(database: Database, row: HotRow, *, is_counted: bool) -> None:
    """Let the trigger count, or not."""
    act = "ENABLE" if is_counted else "DISABLE"
    async with database.engine.begin() as connection:
        await connection.execute(text(f"ALTER TABLE {row.table} {act} TRIGGER {row.trigger}"))


async def measure(folder: Path, database: Database, row: HotRow, effort: Effort) -> list[str]:
    """Print a row of the table.

    Returns:
        What is missed.
    """
    async with database.session() as session:
        cast = await cast_of(session)
    requests, script = folder / "requests", folder / "insert.sql"
    requests.write_text("\n".join(cast.requests()[row.writes]) + "\n")
    script.write_text(BARE_INSERTS[row.table])
    variables = cast.floor(row.writes)
    assert variables is not None
    figures = defaultdict[tuple[str, bool], list[float]](list)
    log = (folder / "log").resolve()
    async with serving(folder, web_concurrency=WORKERS, rate_limits="off", log_to=log) as server:
        for _ in range(effort.rounds):
            for is_counted in (True, False):
                await switch(database, row, is_counted=is_counted)
                done = await load_with(requests, server.url, CLIENTS, effort.seconds)
                figures["site", is_counted].append(done.per_second)
                bare = await bare_inserts(
                    script, database.engine.url, variables, CLIENTS, effort.seconds
                )
                figures["pgbench", is_counted].append(bare)
    await switch(database, row, is_counted=True)
    lost = {}
    cells = [f"{row.writes}: `{row.counts}`"]
    for who in ("site", "pgbench"):
        counted, uncounted = figures[who, True], figures[who, False]
        pairs = zip(counted, uncounted, strict=True)
        lost[who] = 1 - median(one / other for one, other in pairs)
        cells += [f"{median(counted):,.0f}", f"{median(uncounted):,.0f}", f"{lost[who]:.0%}"]
    print(f"| {' | '.join(cells)} |", flush=True)
    if lost["site"] > MOST_LOST:
        return [f"{row.counts} costs {lost['site']:.0%} of the writes, at most {MOST_LOST:.0%}"]
    return []


async def main(folder: Path, effort: Effort) -> None:
    """Serve a site, measure, and print."""
    async with opened_site(folder, SMALL) as database:
        head = "64 writers", "site, req/s", "uncounted", "lost", "pgbench", "uncounted", "lost"
        print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}")
        missed = [line for row in ROWS for line in await measure(folder, database, row, effort)]
        async with database.session() as session:
            await recount(session)
    print("Missed:\n" + "\n".join(missed) if missed else "Nothing is missed.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for a look")
    effort = Effort(rounds=3, seconds=2) if parser.parse_args().quick else Effort()
    with tempfile.TemporaryDirectory(prefix="broadside-") as temporary:
        asyncio.run(main(Path(temporary), effort))
