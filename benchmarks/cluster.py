"""Run the cluster of `deploy/cluster/` on this machine, and drill it.

    make cluster
    make cluster ARGS="--drill --rounds 20"

Without options it runs until Ctrl-C. The drills kill, suspend and cut off its programs at random
while people write and read, and print what that cost.
"""

import asyncio
import random
import signal
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import click

from tests.live.cluster.cluster import Cluster
from tests.live.cluster.drills import FAULTS, ON_PURPOSE, Fault, Figures, Round, chosen, drill
from tests.live.cluster.programs import NotInstalledError, require_all


@click.command()
@click.option("--drill", "drills", is_flag=True, help="Run the drills, print figures, and end.")
@click.option("--rounds", default=20, show_default=True, help="The number of drills.")
@click.option("--only", multiple=True, help="Only faults with these words, in this order.")
@click.option("--seed", type=int, help="Repeat the choice of an earlier run.")
@click.option("--ttl", default=10, show_default=True, help="Patroni's, which allows 20 or more.")
@click.option("--logs", type=click.Path(path_type=Path), help="Keep the logs in this folder.")
def main(
    *, drills: bool, rounds: int, only: tuple[str, ...], seed: int | None, ttl: int,
    logs: Path | None,
) -> None:  # fmt: skip
    """Run the cluster on loopback ports."""
    try:
        require_all()
    except NotInstalledError as error:
        raise click.ClickException(str(error)) from None
    seed = random.randrange(10**6) if seed is None else seed
    faults = [fault_with(words) for words in only] or chosen(rounds, seed)
    if asyncio.run(run(Cluster(ttl, logs), faults if drills else [], seed)):
        sys.exit(1)


def fault_with(words: str) -> Fault:
    """The first fault with these words."""
    for fault in (*FAULTS, *ON_PURPOSE):
        if words in str(fault):
            return fault
    raise click.ClickException(f"there is no fault with the words {words}")


async def run(cluster: Cluster, faults: list[Fault], seed: int) -> bool:
    """Run the cluster until Ctrl-C, or until the drills have ended.

    Returns:
        Whether something was not as promised.
    """
    stop = asyncio.Event()
    task = asyncio.current_task()
    assert task

    def end() -> None:
        stop.set()
        task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, end)
    try:
        print("Starting the cluster, which takes about half a minute", flush=True)
        async with cluster:
            for name, place in cluster.where():
                print(f"  {name:18} {place}")
            if not faults:
                print("Stop it with Ctrl-C", flush=True)
                await stop.wait()
                return False
            print(
                f"{len(faults)} drills with seed {seed}, Patroni's ttl {cluster.ttl} s", flush=True
            )
            figures = await drill(cluster, faults, lambda line: print(f"  {line}", flush=True))
            report(figures)
            return not figures.is_as_promised
    except asyncio.CancelledError:
        return False


def report(figures: Figures) -> None:
    """Print a table by fault, what was not as promised, and one closing line."""
    by_fault: dict[Fault, list[Round]] = defaultdict(list)
    for each in figures.rounds:
        by_fault[each.fault].append(each)
    print(
        "\n| | times | writes refused, s | longest write, s | longest read, s "
        "| all well after, s |\n| --- | --- | --- | --- | --- | --- |"
    )
    for fault in sorted(by_fault):
        found = by_fault[fault]
        cells = [
            f"{max(getattr(each, name) for each in found):.1f}"
            for name in ("refused", "write", "read", "well")
        ]
        print(f"| {fault} | {len(found)} | {' | '.join(cells)} |")
    records = figures.records
    for name, lines in (
        ("not recovered", figures.failures), ("lost", figures.lost),
        ("there twice", figures.doubled), ("logged", figures.errors),
        ("unexpected answers", records.unexpected), ("503 without Retry-After", records.impatient),
        ("stale", records.stale), ("pages that did not come", records.unread),
    ):  # fmt: skip
        _list(name, lines)
    answers = ", ".join(
        f"{status}: {number}" for status, number in sorted(records.statuses.items())
    )
    print(f"\nAnswers by status (0 is none): {answers}")
    print(
        f"{len(figures.rounds)} rounds in {figures.seconds:.0f} s: "
        f"{len(records.acknowledged)} writes acknowledged, {len(figures.lost)} lost, "
        f"{len(figures.doubled)} doubled, {len(records.stale)} not seen by their writers; "
        f"{len(records.reads)} reads, {len(records.unread)} unanswered, "
        f"the longest {figures.longest_read:.1f} s; "
        f"writes refused for at most {figures.longest_refusal:.1f} s; "
        f"{len(records.unexpected) + len(figures.errors)} errors, "
        f"{len(figures.failures)} not recovered from"
    )


def _list(name: str, lines: Iterable[str]) -> None:
    lines = list(lines)
    if lines:
        print(f"{name}: {len(lines)}, such as {lines[:5]}")


if __name__ == "__main__":
    main()
