"""Measures the effect of each optimisation.

Usage: python -m benchmarks.without [--without NAME]... [--keep FOLDER] [--quick]

For each mechanism it serves the same site of 10,000 posts twice, once with it and once without it,
loads both with wrk in turn, in short rounds, and prints a row of a table in Markdown: how many
times as much processor time a request takes without the mechanism as with it, in the web processes
and in PostgreSQL together. Processor time, because other work on the machine changes it little.
"everything" leaves all of them out at once. Needs wrk, and 3 minutes for each mechanism.

`benchmarks/reduced.py` is the application that is served.
"""

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path
from statistics import median

import psutil

from benchmarks.load import load
from benchmarks.pages import Effort, Site
from benchmarks.reduced import MECHANISMS, NEEDED
from benchmarks.sites import SMALL, opened_site
from benchmarks.targets import TARGETS, addresses
from tests.servers import PROJECT, serving

WORKERS = 2
EVERYTHING = "everything"
# The pages that people use, and a list for programs.
PAGES = {
    "home, anonymous": "home, anonymous",
    "home, logged in": "home, signed in",
    "profile": "profile",
    "post with 10,000 comments": "one post",
    "page 400": "page 400",
    "API: posts": "API list",
}


def processor_seconds(site: Site, postmaster: int) -> float:
    """The processor time that a server's processes and PostgreSQL have taken so far."""
    parents = psutil.Process(site.server.pid), psutil.Process(postmaster)
    seconds = 0.0
    for process in (*parents, *(child for parent in parents for child in parent.children())):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:  # It has just ended, and is counted by its parent.
            continue
        seconds += times.user + times.system
        if process.pid == postmaster:  # The processes of connections that were closed.
            seconds += times.children_user + times.children_system
    return seconds


async def compare(
    folder: Path, names: list[str], without_both: list[str], effort: Effort
) -> list[float]:
    """How many times as much processor time a request of each page takes without some mechanisms.

    Args:
        folder: where the site is.
        names: what is left out of one of the two.
        without_both: what is left out of both.
        effort: how many rounds, and of how many seconds.

    Returns:
        For each of `PAGES` the median over the rounds.
    """
    targets = [target for target in TARGETS if target.name in PAGES]
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened_site(folder, SMALL))
        async with database.session() as session:
            found = await addresses(session)
        sites: list[Site] = []
        for without in (without_both, without_both + names):
            log = (folder / f"log {len(sites)}").resolve()
            log.unlink(missing_ok=True)
            server = serving(
                folder,
                *("hypercorn", "benchmarks.reduced:app", "--worker-class", "uvloop"),
                *("--workers", str(WORKERS)),
                pythonpath=PROJECT, rate_limits="off", log_to=log, without=",".join(without),
            )  # fmt: skip
            sites.append(Site(await stack.enter_async_context(server), found))
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        ratios = []
        for target in targets:
            requests = [await site.request_for(target) for site in sites]
            for url, headers in requests:
                await load(url, headers, 1)
            rounds = []
            for _ in range(effort.rounds):
                costs = []
                for site, request in zip(sites, requests, strict=True):
                    before = processor_seconds(site, postmaster)
                    loaded = await load(*request, effort.seconds)
                    costs.append((processor_seconds(site, postmaster) - before) / loaded.requests)
                rounds.append(costs[1] / costs[0])
            ratios.append(median(rounds))
        return ratios


async def main(folder: Path, wanted: list[str], effort: Effort) -> None:
    """Measure the mechanisms one after another, and print."""
    head = ["without", *PAGES.values()]
    print(f"| {' | '.join(head)} |\n|{' --- |' * len(head)}", flush=True)
    for name in wanted:
        left_out = list(MECHANISMS) if name == EVERYTHING else [name]
        ratios = await compare(folder, left_out, NEEDED.get(name, []), effort)
        print(f"| {name} | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--without", action="append", choices=[*MECHANISMS, EVERYTHING], help="all by default"
    )
    parser.add_argument("--keep", type=Path, help="where the site stays for the next run")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for a look")
    arguments = parser.parse_args()
    effort = Effort(rounds=3, seconds=1) if arguments.quick else Effort(rounds=7, seconds=2)
    with ExitStack() as temporary:
        folder = arguments.keep or Path(temporary.enter_context(tempfile.TemporaryDirectory()))
        wanted = arguments.without or [*MECHANISMS, EVERYTHING]
        asyncio.run(main(folder / "small", wanted, effort))
