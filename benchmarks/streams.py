"""Measures what open streams of live updates cost: memory, and time of a reader's pages.

    python -m benchmarks.streams [--quick]

Serves a demonstration of 10,000 posts by one worker. Somebody who is logged in reads some pages,
one after another: alone, beside a thousand people with a stream each, and while there is a new
comment every second on a post that all of them have open. It takes four minutes, with --quick two.
"""

import argparse
import asyncio
import resource
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from sqlalchemy import select

from benchmarks.sites import SMALL, opened_site
from benchmarks.targets import addresses
from blog.models import User
from tests.api.support import add_token
from tests.browser.sample_site import app_of
from tests.live.slow_clients import Latency, read_plainly
from tests.servers import Server, serving, workers_of
from tests.support import Browser

STREAMS = 1_000
SECONDS, QUICK_SECONDS = 60, 15
# Each stream needs a connection at either end.
FILES = 8 * STREAMS


class Listener:
    """A browser with a stream; counts the events."""

    def __init__(self, cookie: str, post_id: int) -> None:
        self.cookie, self.post_id, self.events = cookie, post_id, 0

    async def listen(self, server: Server) -> None:
        """Open the stream, and read it until it ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(
            f"GET /notifications/stream?post={self.post_id} HTTP/1.1\r\n"
            f"Host: 127.0.0.1:{server.port}\r\nCookie: {self.cookie}\r\n\r\n".encode()
        )
        try:
            while text := await reader.read(4096):
                self.events += text.count(b"event: ")
        finally:
            writer.close()


@asynccontextmanager
async def listening(server: Server, listeners: Sequence[Listener]) -> AsyncIterator[None]:
    """While all of them have a stream, and have got what they get at first."""
    tasks = []
    for number, listener in enumerate(listeners):
        tasks.append(asyncio.create_task(listener.listen(server)))
        if number % 20 == 0:
            await asyncio.sleep(0.05)
    while any(listener.events < 2 for listener in listeners):  # noqa: ASYNC110 (in another process)
        await asyncio.sleep(0.1)
    try:
        yield
    finally:
        assert not any(task.done() for task in tasks), "a stream has ended"
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def comment_every_second(server: Server, token: str, post_id: int) -> None:
    """Comment on a post until cancelled."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60) as client:
        while True:
            answer = await client.post(
                f"/api/v1/posts/{post_id}/comments/", json={"body": "So am I"}
            )
            assert answer.status_code == 201, answer.text
            await asyncio.sleep(1)


def memory_of(server: Server) -> float:
    """The memory of the web processes that they don't share, in MB."""
    return sum(worker.memory_full_info().uss for worker in workers_of(server)) / 1e6


async def main(seconds: float) -> None:
    """Measure, and print the figures."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        async with opened_site(folder, SMALL) as database, database.session() as session:
            places = await addresses(session)
            people = (await session.scalars(select(User.username).limit(STREAMS + 1))).all()
        post_id = int(str(places["discussed"]))
        async with serving(folder, web_concurrency=1, rate_limits="off") as server:
            app = app_of(folder)
            await app.database.open()
            cookies = []
            for person in people:
                async with Browser(app) as browser:
                    await browser.open_session(person)
                    cookies.append("; ".join(f"{k}={v}" for k, v in browser.cookies.items()))
            async with app.database.session() as session:
                commenter = (await session.scalars(select(User).limit(1))).one()
            token = await add_token(app, commenter)
            await app.database.close()
            pages = [page.format(**places) for page in ("/", "/post/{discussed}", "/user/{writer}")]
            reader = cookies.pop()
            await read_plainly(server, pages, reader, 5)
            before, rows = memory_of(server), []
            rows.append(("alone", before, await read_plainly(server, pages, reader, seconds)))
            listeners = [Listener(cookie, post_id) for cookie in cookies]
            async with listening(server, listeners):
                quiet = await read_plainly(server, pages, reader, seconds)
                rows.append((f"beside {STREAMS:,} streams", memory_of(server), quiet))
                commenting = asyncio.create_task(comment_every_second(server, token, post_id))
                busy = await read_plainly(server, pages, reader, seconds)
                commenting.cancel()
                rows.append(("… and a new comment every second", memory_of(server), busy))
    print("| a reader | memory | median | 99th percentile |\n| --- | --- | --- | --- |")
    for situation, memory, latency in rows:
        print(f"| {situation} | {memory:.0f} MB | {_row(latency)} |")
    print(f"\nThe streams take {rows[1][1] - before:.0f} MB.")


def _row(latency: Latency) -> str:
    return f"{latency.median:.1f} ms | {latency.p99:.1f} ms"


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="measure for a shorter time")
    asyncio.run(main(QUICK_SECONDS if parser.parse_args().quick else SECONDS))
