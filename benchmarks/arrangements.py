"""Measures the site alone, behind nginx, through PgBouncer, with replicas, and with PURGE_URL.

Usage: python -m benchmarks.arrangements [--quick]

Serves one demonstration five times, by two workers each, from one PostgreSQL with two streaming
replicas, and loads the five in turn. nginx has `deploy/nginx.conf`, PgBouncer
`deploy/cluster/pgbouncer.ini`. Then nginx answers strangers from its cache, in turn with a file of
the same size; and a reader compares each page with what was written, while wrk loads it. Prints two
tables in Markdown and what is missed. Rate limits are off. Needs wrk, nginx, the PgBouncer of
`make cluster`, and 7 minutes.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from benchmarks.load import CONNECTIONS, Round, load, load_with
from benchmarks.pages import WORKERS, Site, typical
from benchmarks.sites import SMALL, fill
from benchmarks.targets import TARGETS, addresses
from benchmarks.writes import Cast, cast_of
from blog.core.db.database import Database
from database_urls import postgresql_url
from tests.live.certificates import issue
from tests.live.nginx import nginx, site_configuration
from tests.live.pgbouncer import pgbouncer
from tests.live.postgres import ExternalPostgres, Standby
from tests.servers import Server, free_port, serving, until

ALONE, PROXIED, POOLED, REPLICATED = "alone", "nginx", "PgBouncer", "two replicas"
PURGING = "PURGE_URL"
# The pages of strangers come from nginx's cache; all others are passed on.
PAGES = ("home, anonymous", "home, logged in", "API: posts", "API: one post")
NEW_POSTS = "posts, many authors"
CACHED = ("home, anonymous", "profile", "post with 10,000 comments", "a tag", "feed, Atom")
# Of the requests a second that nginx answers with a file of the same size.
LEAST_OF_FILE = 0.7
# How long after a write is acknowledged somebody may be shown the page before it, in seconds.
MOST_STALE = 1.0
BY_NAME = {target.name: target for target in TARGETS}


@dataclass(frozen=True)
class Effort:
    """The duration of the measurement."""

    rounds: int = 4
    seconds: int = 2
    writes: int = 20


@dataclass(frozen=True)
class Arrangements:
    """What is running.

    Attributes:
        urls: where each arrangement answers, by its name.
        site: the one that is alone; its addresses and credentials are right for all.
        cast: who writes.
        folder: what nginx serves the folder `static` of.
    """

    urls: Mapping[str, str]
    site: Site
    cast: Cast
    folder: Path

    async def request_for(self, page: str) -> tuple[str, dict[str, str]]:
        """The path of a page and the headers of who asks."""
        url, headers = await self.site.request_for(BY_NAME[page])
        return url.removeprefix(self.urls[ALONE]), headers


@asynccontextmanager
async def arranged(folder: Path) -> AsyncIterator[Arrangements]:
    """Serve the demonstration in each arrangement, until the end of the block."""
    async with AsyncExitStack() as stack:
        primary = await stack.enter_async_context(ExternalPostgres(folder / "primary"))
        database = Database(postgresql_url(primary.url()), folder / "unused")
        await database.open()
        try:
            await fill(database, SMALL)
            async with database.session() as session:
                found, cast = await addresses(session), await cast_of(session)
        finally:
            await database.close()
        standbys = [
            await stack.enter_async_context(Standby(folder / name, primary))
            for name in ("one", "two")
        ]
        pooled = await stack.enter_async_context(pgbouncer(folder / "pgbouncer", primary))

        async def served(name: str, **settings: Any) -> Server:
            database_url = settings.pop("database_url", primary.url())
            return await stack.enter_async_context(
                serving(
                    folder / name, web_concurrency=WORKERS, rate_limits="off",
                    background_worker="external", database_url=database_url,
                    log_to=folder / f"{name}.log", **settings,
                )
            )  # fmt: skip

        alone = await served("alone")
        proxied = await served("proxied", trusted_proxies="127.0.0.1/32", shared_cache_seconds=1)
        pool = await served("pooled", database_url=pooled, database_direct_url=primary.url())
        one, two = (f"127.0.0.1:{standby.port}" for standby in standbys)
        both = standbys[0].url().replace(one, f"{one},{two}")
        replicated = await served("replicated", database_replica_url=both)
        # Nothing is purged, as no worker runs; pages are looked up, and writes marked, as ever.
        purging = await served("purging", purge_url="http://127.0.0.1:1/", purge_cache="varnish")
        front, files = free_port(), folder / "nginx"
        files.mkdir()
        configuration = site_configuration(
            files, issue(files), http=front, https=free_port(), upstreams=(proxied.port,) * 2
        )
        await stack.enter_async_context(nginx(files, configuration, front))
        urls = {
            ALONE: alone.url, PROXIED: f"http://127.0.0.1:{front}",
            POOLED: pool.url, REPLICATED: replicated.url, PURGING: purging.url,
        }  # fmt: skip
        await until(lambda: _are_used(replicated.url, len(standbys)))
        yield Arrangements(urls, Site(alone, found), cast, files)


async def _are_used(url: str, replicas: int) -> bool:
    """Whether a process reads on so many replicas."""
    async with httpx.AsyncClient(timeout=60) as client:
        lines = (await client.get(f"{url}/metrics")).text.splitlines()
    usable = [line for line in lines if line.startswith("broadside_replica_usable{")]
    return len(usable) == replicas and all(line.endswith((" 1", " 1.0")) for line in usable)


async def compare(running: Arrangements, effort: Effort) -> None:
    """Print the requests a second of each arrangement, and their ratio to the one alone."""
    names = list(running.urls)
    print(f"| req/s | {' | '.join(names)} |\n| --- |{' --- |' * len(names)}")
    requests = running.folder / "requests"
    requests.write_text("\n".join(running.cast.requests()[NEW_POSTS]) + "\n")
    for page in (*PAGES, NEW_POSTS):
        rounds = defaultdict[str, list[Round]](list)
        for _ in range(effort.rounds):
            for name, url in running.urls.items():
                if page == NEW_POSTS:
                    done = await load_with(requests, url, CONNECTIONS, effort.seconds)
                else:
                    path, headers = await running.request_for(page)
                    done = await load(url + path, headers, effort.seconds)
                rounds[name].append(done)
        cells = [f"{typical(rounds[name], 'per_second'):,.0f}" for name in names]
        for index, name in enumerate(names[1:], start=1):
            cells[index] += f" ({ratio(rounds[name], rounds[ALONE]):.2f})"
        print(f"| {page} | {' | '.join(cells)} |", flush=True)


def ratio(ours: list[Round], theirs: list[Round]) -> float:
    """How many times as many requests were answered, by the median of the rounds."""
    pairs = zip(ours, theirs, strict=True)
    return median(one.per_second / other.per_second for one, other in pairs)


async def compare_with_files(running: Arrangements, effort: Effort) -> list[str]:
    """Print what nginx answers from its cache, and with files of the same size.

    Returns:
        What is missed.
    """
    print("\n| from the cache | kB | req/s | a file, req/s | ratio | p99, ms | a file |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    missed = []
    (running.folder / "static").mkdir()
    for number, page in enumerate(CACHED):
        url = running.urls[PROXIED]
        path, _ = await running.request_for(page)
        async with httpx.AsyncClient(timeout=60, headers={"Accept-Encoding": "identity"}) as client:
            body = (await client.get(url + path)).content
        file = f"static/page.{number:012x}.html"
        (running.folder / file).write_bytes(body)
        rounds: list[list[Round]] = [[], []]
        for _ in range(effort.rounds):
            for address, figures in zip((url + path, f"{url}/{file}"), rounds, strict=True):
                figures.append(await load(address, {}, effort.seconds))
        share = ratio(*rounds)
        if share < LEAST_OF_FILE:
            missed.append(f"{page}: {share:.2f} of a file, at least {LEAST_OF_FILE:.2f}")
        speeds = [f"{typical(each, 'per_second'):,.0f}" for each in rounds]
        slowest = [f"{typical(each, 'p99'):.1f}" for each in rounds]
        cells = [page, f"{len(body) / 1000:.0f}", *speeds, f"{share:.2f} (≥ 0.70)", *slowest]
        print(f"| {' | '.join(cells)} |", flush=True)
    return missed


async def longest_stale(running: Arrangements, effort: Effort) -> float:
    """How long after a post was acknowledged somebody was shown a home page without it, at most.

    wrk loads the page meanwhile.
    """
    url, longest, shown = running.urls[PROXIED], 0.0, 0
    written: dict[str, float] = {}
    is_over = False
    headers = {"Authorization": f"Bearer {running.cast.tokens[0]}"}

    async def read() -> None:
        nonlocal longest, shown
        async with httpx.AsyncClient(timeout=60) as reader:
            while not is_over:
                asked = time.monotonic()
                page = (await reader.get(url)).text
                shown += 1
                for text, acknowledged in written.items():
                    if acknowledged < asked and text not in page:
                        longest = max(longest, asked - acknowledged)

    async with httpx.AsyncClient(base_url=url, timeout=60, headers=headers) as writer:
        reading = asyncio.create_task(read())
        loading = asyncio.create_task(load(f"{url}/", {}, effort.writes))
        for number in range(effort.writes):
            text = f"Written by the benchmark, number {number}"
            answer = await writer.post("/api/v1/posts/", json={"body": text})
            assert answer.status_code == 201, answer.text
            written = {text: time.monotonic()}
            await asyncio.sleep(random.uniform(0.6, 1.4))
        await loading
        is_over = True
        await reading
    print(
        f"\nA reader compared {shown:,} home pages with {effort.writes} posts, and wrk loaded the "
        f"page: the one before was shown for {longest:.2f} s at most (≤ {MOST_STALE:.1f})."
    )
    return longest


async def main(folder: Path, effort: Effort) -> None:
    """Serve, measure, and print."""
    async with arranged(folder) as running:
        await compare(running, effort)
        missed = await compare_with_files(running, effort)
        if (longest := await longest_stale(running, effort)) > MOST_STALE:
            missed.append(f"a stale page for {longest:.2f} s, at most {MOST_STALE:.1f}")
    print("Missed:\n" + "\n".join(missed) if missed else "Nothing is missed.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="few and short rounds, for a look")
    effort = Effort(rounds=3, writes=10) if parser.parse_args().quick else Effort()
    with tempfile.TemporaryDirectory(prefix="broadside-") as temporary:
        asyncio.run(main(Path(temporary), effort))
