"""Measures the latency of the home page while fifty users log in at once.

Usage: python -m benchmarks.login_storm

Starts a site of its own with one worker, and asks for the home page, one request after the
other, first with nothing else going on and then during fifty simultaneous logins.
"""

import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median

from benchmarks.visitors import PASSWORD, Visitor
from tests.servers import serving

PEOPLE = 50
QUIET_REQUESTS = 100


async def seconds_of_a_page(visitor: Visitor) -> float:
    """The duration of a request for the home page."""
    start = time.perf_counter()
    answer = await visitor.get("/")
    assert answer.status_code == 200, answer.text
    return time.perf_counter() - start


async def seconds_of_a_login(visitor: Visitor, form: dict[str, str]) -> float:
    """The duration of a log-in."""
    start = time.perf_counter()
    answer = await visitor.post("/auth/login", data=form)
    assert answer.status_code == 302, answer.text
    return time.perf_counter() - start


async def measure(url: str) -> None:
    """Register the people, let them in all at once, and print the figures."""
    async with AsyncExitStack() as stack:
        people, forms = [], []
        for number in range(PEOPLE):
            visitor = await stack.enter_async_context(Visitor(url))
            await visitor.register(f"person{number}")
            forms.append(
                await visitor.form("/auth/login", email=f"person{number}", password=PASSWORD)
            )
            people.append(visitor)
        reader = await stack.enter_async_context(Visitor(url))
        one = await seconds_of_a_login(people[0], forms[0])
        quiet = [await seconds_of_a_page(reader) for _ in range(QUIET_REQUESTS)]

        again = await people[0].form("/auth/sessions", email="person0", password=PASSWORD)
        start = time.perf_counter()
        storm = asyncio.gather(
            *map(seconds_of_a_login, people, [again, *forms[1:]]),
        )
        waits = []
        while not storm.done():
            waits.append(await seconds_of_a_page(reader))
        logins = await storm
        seconds = time.perf_counter() - start

    print(f"a login by itself:        {one * 1000:7.1f} ms")
    print(f"{PEOPLE} logins at once:        {seconds * 1000:7.1f} ms, "
          f"the slowest {max(logins) * 1000:.1f} ms")  # fmt: skip
    print(f"home page, quiet:         {median(quiet) * 1000:7.1f} ms median, "
          f"{max(quiet) * 1000:.1f} ms longest")  # fmt: skip
    print(f"home page, meanwhile:     {median(waits) * 1000:7.1f} ms median, "
          f"{max(waits) * 1000:.1f} ms longest of {len(waits)}")  # fmt: skip
    print(f"longest wait:             {max(waits) / one:7.2f} times a login")


async def main() -> None:
    """Start a site and measure."""
    with tempfile.TemporaryDirectory() as folder:
        async with serving(Path(folder), background_worker="external") as server:
            await measure(server.url)


if __name__ == "__main__":
    asyncio.run(main())
