"""Measures what traces and metrics cost.

Usage: python -m benchmarks.telemetry [--keep FOLDER] [--against PROJECT] [--rounds NUMBER]

Serves a site of 10,000 posts in processes of their own: without a collector, and with one that
accepts everything and gets 10 % or all of the traces. Each gets the same requests in turn, 8 at a
time and without a web server in between. Prints how many times as much processor time a request
takes as without a collector, with that of the threads that send (medians of the rounds).
`--against` adds another checkout of the project, with the same schema, without a collector.
"""

import argparse
import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.sites import SMALL, opened_site
from benchmarks.targets import addresses
from tests.live.collector import collecting
from tests.servers import PROJECT, settings_of

PAGES = {"home, anonymous": "/", "profile": "/user/{writer}", "one post": "/post/{discussed}"}
# Answers a line of standard input, a path, with the processor time of a request in microseconds.
SERVED = """
import asyncio, sys, time
import httpx
from asgi import app

REQUESTS, AT_ONCE = 200, 8

async def measured(client, path):
    async def some():
        for _ in range(REQUESTS // AT_ONCE):
            assert (await client.get(path)).status_code == 200
    began = time.process_time()
    await asyncio.gather(*(some() for _ in range(AT_ONCE)))
    return (time.process_time() - began) / REQUESTS * 1e6

async def main():
    await app.startup()
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=app.settings.base_url) as client:
        while path := (await asyncio.to_thread(sys.stdin.readline)).strip():
            print(await measured(client, path), flush=True)
    await app.shutdown()

asyncio.run(main())
"""


@contextmanager
def served(folder: Path, project: Path, **settings: object) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `SERVED`, of one checkout of the project."""
    environment = settings_of(
        folder, pythonpath=project, rate_limits="off", background_worker="external",
        log_level="warning", **settings,
    )  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "-c", SERVED], cwd=folder, env=environment, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        yield process
        assert process.stdin
        process.stdin.close()


def cost(process: subprocess.Popen[str], path: str) -> float:
    """The processor time of a request for `path`, in microseconds."""
    assert process.stdin
    assert process.stdout
    process.stdin.write(f"{path}\n")
    process.stdin.flush()
    return float(process.stdout.readline())


async def main(folder: Path, against: Path | None, rounds: int) -> None:
    """Measure, and print the rows of a table."""
    with collecting() as collector:
        variants: dict[str, dict[str, Any]] = {"off": {"project": PROJECT}}
        if against is not None:
            variants[f"off, {against.name}"] = {"project": against}
        for share in (0.1, 1):
            variants[f"on, {share:.0%} of the traces"] = {
                "project": PROJECT,
                "otel_exporter_otlp_endpoint": collector.url,
                "otel_traces_sampler_arg": share,
            }
        rows: dict[str, list[float]] = {variant: [] for variant in variants}
        async with opened_site(folder, SMALL) as database:
            async with database.session() as session:
                found = await addresses(session)
            with ExitStack() as stack:
                processes = [
                    stack.enter_context(served(folder, **each)) for each in variants.values()
                ]
                for path in PAGES.values():
                    filled_in = path.format(**found)
                    costs = [[cost(each, filled_in) for each in processes] for _ in range(rounds)]
                    for row, own in zip(rows.values(), zip(*costs, strict=True), strict=True):
                        ratios = [mine / off[0] for mine, off in zip(own, costs, strict=True)]
                        row.append(median(ratios[1:]))  # The first round warms them up.
        print(f"| | {' | '.join(PAGES)} |\n|{' --- |' * (len(PAGES) + 1)}")
        for variant, row in rows.items():
            print(f"| {variant} | {' | '.join(f'{ratio:.2f}' for ratio in row)} |")
        print(f"{len(collector.spans()):,} spans were sent.")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="where the site stays for the next run")
    parser.add_argument("--against", type=Path, help="another checkout of the project")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    with ExitStack() as temporary:
        folder = arguments.keep or Path(temporary.enter_context(tempfile.TemporaryDirectory()))
        asyncio.run(main(folder / "small", arguments.against, arguments.rounds))
