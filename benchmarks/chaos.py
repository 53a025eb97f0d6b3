"""Crash tests: kill random processes under load, and check that nothing is lost.

    python -m benchmarks.chaos [ROUNDS]

In each round a web worker, the mail worker or a backend of the database gets SIGKILL while four
people write and read, and is started again as systemd would.
"""

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.live.chaos import VICTIMS, WRITERS, run_chaos


async def main(rounds: int = 20) -> None:
    """Run it, and print the results."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        figures = await run_chaos(Path(name), rounds)
    promises = figures.promises
    print(
        f"{rounds} rounds in {figures.seconds:.0f} s: {len(promises.posts)} posts, "
        f"{len(promises.comments)} comments and {len(promises.people)} registrations answered "
        f"with 302 or 201; {len(figures.lost)} of them or of their mails lost, "
        f"{len(figures.doubled)} there twice"
    )
    print(
        f"{figures.mails_twice} mails arrived twice, {len(figures.strangers)} of them under "
        "another Message-ID"
    )
    answers = sum(promises.statuses.values())
    print(
        f"{answers} requests: {promises.statuses[0]} without an answer, "
        f"{promises.statuses[503]} with 503, {len(promises.failures)} with 500; "
        f"in the end {len(figures.bad_pages)} pages did not come"
    )
    print(
        f"{len(figures.notices)} comments were not notified of and logged exactly once; "
        f"{len(figures.unheard)} of {WRITERS} streams did not tell of all in the end"
    )
    print(f"{sum(figures.wrong_counts.values())} counts are wrong")
    print(
        f"restarted: the web {figures.restarts['web']} times, "
        f"the mail worker {figures.restarts['worker']} times"
    )
    for victim in VICTIMS:
        seconds = sorted(each for name, each in figures.recoveries if name == victim)
        if seconds:
            print(
                f"killed {victim} {len(seconds)} times: all was well again after "
                f"{seconds[len(seconds) // 2]:.1f} s (longest {seconds[-1]:.1f} s)"
            )


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
