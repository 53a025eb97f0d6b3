"""Checks that log-in timing does not reveal whether an account exists.

Usage: python -m benchmarks.login_timing

Starts a site of its own and compares the medians of 30 logins with an unknown and with a known
address, both with a wrong password, over HTTP. The difference has to be less than 10 % of the
time that a hash takes.
"""

import asyncio
import tempfile
import time
from pathlib import Path
from statistics import median

from benchmarks.visitors import PASSWORD, Visitor
from blog.core.crypto.passwords import Passwords
from tests.servers import serving

LOGINS = 30
WARM_UP = 3
LIMIT = 0.10


async def seconds_of_a_login(url: str, email: str) -> float:
    """How long the answer to a wrong password takes."""
    async with Visitor(url) as visitor:
        form = await visitor.form("/auth/login", email=email, password="wrong " + PASSWORD)
        start = time.perf_counter()
        answer = await visitor.post("/auth/login", data=form)
        seconds = time.perf_counter() - start
    assert answer.status_code == 422, answer.text
    return seconds


async def seconds_of_a_hash() -> float:
    """How long it takes to check a password with today's parameters."""
    passwords = Passwords()
    times = []
    for _ in range(LOGINS):
        start = time.perf_counter()
        await passwords.verify(None, PASSWORD)
        times.append(time.perf_counter() - start)
    return median(times)


async def main() -> None:
    """Measure, alternating between the two, and print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder), background_worker="external") as server:
            async with Visitor(server.url) as visitor:
                await visitor.register("susan")
            known, unknown = [], []
            for number in range(WARM_UP + LOGINS):
                known.append(await seconds_of_a_login(server.url, "susan@example.com"))
                unknown.append(await seconds_of_a_login(server.url, f"nobody{number}@example.com"))
    hash_seconds = await seconds_of_a_hash()
    medians = {"known": median(known[WARM_UP:]), "unknown": median(unknown[WARM_UP:])}
    for name, seconds in medians.items():
        print(f"{name + ' address:':18} {seconds * 1000:6.2f} ms (median of {LOGINS})")
    difference = abs(medians["known"] - medians["unknown"])
    share = difference / hash_seconds
    print(f"{'difference:':18} {difference * 1000:6.2f} ms")
    print(f"{'a hash:':18} {hash_seconds * 1000:6.2f} ms")
    print(f"{'share of a hash:':18} {share:6.1%} (limit {LIMIT:.0%})")
    raise SystemExit(0 if share < LIMIT else 1)


if __name__ == "__main__":
    asyncio.run(main())
