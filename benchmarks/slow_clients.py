"""Measures the effect of slow clients on a reader.

    python -m benchmarks.slow_clients [--quick]

Serves a demonstration of 10,000 posts by two workers. Somebody who is logged in reads some pages,
one after another: first alone, then beside clients that send half of a request, do nothing or read
long answers slowly. The reader's 99th percentile must stay below five times its quiet value. It
takes three minutes, or with --quick one.
"""

import argparse
import asyncio
import sys
import tempfile
from pathlib import Path

from benchmarks.pages import credentials
from benchmarks.sites import SMALL, opened_site
from benchmarks.targets import addresses
from blog.demo.people import CAST
from tests.live.slow_clients import Crowd, Latency, besieged, read_plainly
from tests.servers import serving

WORKERS = 2
CROWD = Crowd(half_heads=100, half_bodies=100, idle=200, slow_readers=100)
MOST_TIMES_SLOWER = 5
SECONDS, QUICK_SECONDS = 60, 20
LONG_ANSWER = "/api/v1/posts/?per_page=100"


async def main(seconds: float) -> bool:
    """Measure, print the figures, and tell whether the reader was served well enough."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with opened_site(folder, SMALL) as database, database.session() as session:
            places = await addresses(session)
        async with serving(folder, web_concurrency=WORKERS) as server:
            cookies = [
                (await credentials(server.url, number, "/all"))["Cookie"]
                for number in range(len(CAST))
            ]
            pages = [page.format(**places) for page in ("/", "/post/{discussed}", "/user/{writer}")]
            await read_plainly(server, pages, cookies[0], 5)
            quiet = await read_plainly(server, pages, cookies[0], seconds)
            async with besieged(server, CROWD, cookies, LONG_ANSWER) as outcome:
                beside = await read_plainly(server, pages, cookies[0], seconds)
    print("| A reader | Median | 99th percentile | Pages |\n| --- | --- | --- | --- |")
    for situation, latency in (("alone", quiet), ("beside slow clients", beside)):
        print(f"| {situation} | {_row(latency)} |")
    print(f"\nThe 99th percentile is {beside.p99 / quiet.p99:.1f} times as long.")
    for kind, statuses in outcome.statuses.items():
        ends = ", ".join(f"{status or 'no answer'}: {n}" for status, n in statuses.items())
        print(f"{kind} that came to an end: {ends}")
    return beside.p99 < MOST_TIMES_SLOWER * quiet.p99


def _row(latency: Latency) -> str:
    return f"{latency.median:.1f} ms | {latency.p99:.1f} ms | {latency.requests}"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for a shorter time")
    sys.exit(not asyncio.run(main(QUICK_SECONDS if parser.parse_args().quick else SECONDS)))
