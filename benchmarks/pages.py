"""Measures the speed of pages on a small and a large site.

Usage: python -m benchmarks.pages [--keep FOLDER] [--quick] [--only WORD]

Serves two demonstrations, one with a hundred times as many posts as the other, by two workers
each, and two floors (`benchmarks/floors.py`) in the same way; loads them with wrk in turn, in
short rounds, so that whatever else the machine does slows all of them down; and prints a table
in Markdown. Then it watches the memory of the large site's workers over many requests.
Needs wrk, and 10 minutes; some minutes more and 4 GB of disk without an earlier run's FOLDER.
"""

import argparse
import asyncio
import re
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.load import Round, load
from benchmarks.sites import LARGE, SMALL, opened_site
from benchmarks.targets import TARGETS, Target, addresses, login_of
from benchmarks.visitors import PASSWORD, Visitor
from blog.core.db.database import Database
from tests.servers import PROJECT, Server, serving, workers_of

WORKERS = 2
# Requirements for each page.
MOST_SLOWER = 1.3
# Of the large site's workers, between the first fifth of the requests and the last.
MOST_GROWTH_MB = 5.0
# As many requests fill what each worker keeps in memory.
WARM_UP = 20
STATEMENTS = re.compile(r'db;desc="(\d+) statements"')


@dataclass(frozen=True)
class Effort:
    """The duration of the measurement."""

    rounds: int = 7
    seconds: int = 3
    requests: int = 100_000


@dataclass
class Site:
    """A site that is served."""

    server: Server
    addresses: Mapping[str, object]
    credentials: dict[tuple[int, str | None], dict[str, str]] = field(default_factory=dict)

    async def request_for(self, target: Target) -> tuple[str, dict[str, str]]:
        """The address of a target and the headers, with the cookies or token of who asks."""
        url = self.server.url + target.path.format(**self.addresses)
        if target.reader is None:
            return url, {}
        who = target.reader, target.tab
        if who not in self.credentials:
            self.credentials[who] = await credentials(self.server.url, *who)
        return url, self.credentials[who]

    def memory(self) -> list[float]:
        """The memory of each worker, in MB."""
        return [worker.memory_info().rss / 1e6 for worker in workers_of(self.server)]


async def credentials(url: str, reader: int, tab: str | None) -> dict[str, str]:
    """What a person sends along who has just logged in and chosen a tab, or got a token."""
    async with Visitor(url) as visitor:
        if tab is None:
            answer = await visitor.get("/api/v1/token", auth=(login_of(reader), PASSWORD))
            return {"Authorization": f"Bearer {answer.json()['token']}"}
        form = await visitor.form("/auth/login", email=login_of(reader), password=PASSWORD)
        answer = await visitor.post("/auth/login", data=form)
        assert answer.status_code == 302, answer.text
        await visitor.get(tab)
        # With a page comes the secret of its forms, which a browser keeps.
        await visitor.get("/")
        cookies = (f"{name}={value}" for name, value in visitor.cookies.items())
        return {"Cookie": "; ".join(cookies)}


@dataclass(frozen=True)
class Figures:
    """The measurements of one target."""

    target: Target
    size: int
    statements: int
    memory: float
    small: list[Round]
    large: list[Round]
    floor: list[Round]
    nothing: list[Round]

    @property
    def slower(self) -> float:
        """How many times as long it takes on the large site."""
        pairs = zip(self.small, self.large, strict=True)
        return median(large.median / small.median for small, large in pairs)

    @property
    def of_the_floor(self) -> float:
        """The share of the floor's requests a second."""
        pairs = zip(self.large, self.floor, strict=True)
        return median(page.per_second / floor.per_second for page, floor in pairs)

    def missed(self) -> list[str]:
        """Descriptions of the requirements that are not met."""
        name, share = self.target.name, self.target.share
        missed = []
        if self.statements > self.target.statements:
            missed.append(f"{name}: {self.statements} statements, at most {self.target.statements}")
        if self.slower > MOST_SLOWER:
            missed.append(f"{name}: {self.slower:.2f} times as long, at most {MOST_SLOWER}")
        if share is not None and self.of_the_floor < share:
            missed.append(f"{name}: {self.of_the_floor:.2f} of the floor, at least {share:.2f}")
        return missed

    def row(self) -> str:
        """A row of the table."""
        demanded = f" (≥ {self.target.share:.2f})" if self.target.share else ""
        cells = [
            self.target.name,
            *(f"{typical(site, 'per_second'):,.0f}" for site in (self.small, self.large)),
            *(f"{typical(site, 'median'):.1f}" for site in (self.small, self.large)),
            f"{self.slower:.2f}",
            *(f"{typical(site, 'p99'):.0f}" for site in (self.small, self.large)),
            f"{self.statements} (≤ {self.target.statements})",
            f"{self.of_the_floor:.2f}{demanded}",
            f"{typical(self.floor, 'per_second'):,.0f}",
            f"{typical(self.nothing, 'per_second'):,.0f}",
            f"{self.size / 1000:.0f}",
            f"{self.memory:.0f}",
        ]
        return f"| {' | '.join(cells)} |"


HEAD = [
    "page", "req/s 10k", "1M", "median 10k", "1M", "ratio (≤ 1.3)", "p99 10k", "1M",
    "statements", "of one-query floor", "that floor, req/s", "no-work floor, req/s",
    "kB", "worker MB",
]  # fmt: skip


def typical(rounds: list[Round], figure: str) -> float:
    """The median of a figure over all rounds."""
    return float(median(getattr(each, figure) for each in rounds))


async def measure(
    target: Target, small: Site, large: Site, floors: Server, effort: Effort
) -> Figures:
    """Measure one target, all servers in turn."""
    statements, size = 0, 0
    for site in (small, large):
        url, headers = await site.request_for(target)
        async with Visitor(site.server.url) as visitor:
            for _ in range(WARM_UP):
                answer = await visitor.get(url, headers=headers)
                found = STATEMENTS.search(answer.headers["Server-Timing"])
                assert answer.status_code == 200, answer.text
                assert found
                statements, size = max(statements, int(found[1])), len(answer.content)
    requests = [
        await small.request_for(target),
        await large.request_for(target),
        (f"{floors.url}/{target.floor}/{size}", {}),
        (f"{floors.url}/nothing/{size}", {}),
    ]
    rounds: list[list[Round]] = [[] for _ in requests]
    for _ in range(effort.rounds):
        for (url, headers), figures in zip(requests, rounds, strict=True):
            figures.append(await load(url, headers, effort.seconds))
    return Figures(target, size, statements, max(large.memory()), *rounds)


async def watch_memory(site: Site, targets: list[Target], requests: int) -> float:
    """Ask for all targets in turn; by how many MB a worker has grown since a fifth of it."""
    print(f"\nMemory of each worker over {requests:,} requests for all these pages, in MB:")
    done, at_first = 0, 0.0
    for part in range(1, 6):
        while done < requests * part // 5:
            for target in targets:
                done += (await load(*await site.request_for(target), 1)).requests
        memory = site.memory()
        at_first = at_first or max(memory)
        print(f"{done:>9,}: {', '.join(f'{each:.1f}' for each in memory)}", flush=True)
    return max(memory) - at_first


async def main(folder: Path, effort: Effort, wanted: Callable[[Target], bool]) -> None:
    """Serve the sites and the floors, measure, and print."""
    async with AsyncExitStack() as stack:

        async def served(name: str, database: Database) -> Site:
            log = (folder / name / "log").resolve()
            log.unlink(missing_ok=True)
            server = serving(
                folder / name, quickly=False,
                web_concurrency=WORKERS, rate_limits="off", log_to=log,
            )  # fmt: skip
            async with database.session() as session:
                found = await addresses(session)
            return Site(await stack.enter_async_context(server), found)

        databases = [
            await stack.enter_async_context(opened_site(folder / name, sizes))
            for name, sizes in (("small", SMALL), ("large", LARGE))
        ]
        small, large = await served("small", databases[0]), await served("large", databases[1])
        address = databases[1].engine.url.set(drivername="postgresql")
        floors = await stack.enter_async_context(
            serving(
                folder / "floors",
                *("hypercorn", "benchmarks.floors:app", "--worker-class", "uvloop"),
                *("--workers", str(WORKERS)),
                pythonpath=PROJECT,
                database_url=address.render_as_string(hide_password=False),
            )
        )
        targets = [target for target in TARGETS if wanted(target)]
        print(f"| {' | '.join(HEAD)} |\n|{' --- |' * len(HEAD)}")
        missed = []
        for target in targets:
            figures = await measure(target, small, large, floors, effort)
            missed += figures.missed()
            print(figures.row(), flush=True)
        growth = await watch_memory(large, targets, effort.requests)
        if growth > MOST_GROWTH_MB:
            missed.append(f"memory: {growth:.1f} MB more, at most {MOST_GROWTH_MB}")
        print("\n" + ("Missed:\n" + "\n".join(missed) if missed else "Nothing is missed."))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="where the two sites stay for the next run")
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for a look")
    parser.add_argument("--only", default="", help="only the pages whose name has this in it")
    arguments = parser.parse_args()
    effort = Effort(rounds=3, seconds=2, requests=5_000) if arguments.quick else Effort()
    with ExitStack() as temporary:
        folder = arguments.keep or Path(temporary.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(main(folder, effort, lambda target: arguments.only in target.name))
