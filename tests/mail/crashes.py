"""Workers that are killed and a mail server that comes and goes, while mail is written.

The test runs it in the suite's database; `benchmarks/mail_crashes.py` runs it alone.
"""

import asyncio
import json
import multiprocessing
import os
import random
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from blog.cli import main as blog
from tests.servers import PROJECT, free_port, settings_of

Write = Callable[[str, bool], Awaitable[None]]


@dataclass(frozen=True)
class Figures:
    """What came of it.

    Args:
        lost: addresses whose message was committed and has not arrived.
        unwanted: addresses whose message was rolled back and has arrived.
        twice: how many messages arrived more than once.
        strangers: addresses that got messages with different Message-IDs.
        seconds: how long it took.
    """

    lost: list[str]
    unwanted: list[str]
    twice: int
    strangers: list[str]
    seconds: float


class MailServer:
    """The SMTP server, in a process of its own that can be killed and started again."""

    def __init__(self, file: Path) -> None:
        self.port = free_port()
        self._file = file
        self._process: asyncio.subprocess.Process | None = None
        file.touch()

    async def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.mail.smtp", str(self.port), self._file, cwd=PROJECT
        )
        await until(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self.port)) == 0

    async def kill(self) -> None:
        """End it without warning."""
        if self._process is not None:
            self._process.kill()
            await self._process.wait()

    def arrived(self) -> dict[str, list[str]]:
        """The Message-IDs that arrived, by address."""
        found: dict[str, list[str]] = defaultdict(list)
        for line in self._file.read_text().splitlines():
            arrival = json.loads(line)
            found[arrival["to"]].append(arrival["message_id"])
        return found

    def number(self) -> int:
        """How many messages have arrived, repeated ones included."""
        return self._file.read_bytes().count(b"\n")


def run_worker(environment: dict[str, str]) -> None:
    """What a worker's process does: the command `blog worker`."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(environment["VAR_DIR"])
    blog(["worker"])


WRITERS = 10
# A new process is a copy of one that has imported everything, so that it works at once.
processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


async def run_with_crashes(
    folder: Path, database_url: str, write: Write, all_sent: Callable[[], Awaitable[object]], *,
    messages: int, kills: int, outages: int,
) -> Figures:  # fmt: skip
    """Write messages while two workers are killed in turn and the mail server is restarted.

    Args:
        folder: an empty folder.
        database_url: the database that `write` writes to.
        write: writes a message to an address, and commits it or rolls it back.
        all_sent: returns when the outbox has all messages down as sent: those that a killed
            worker had sent, but not yet written down, are sent again when its lease ends.
        messages: how many are committed; a fifth as many are rolled back.
        kills: how often a worker is killed, while it is sending.
        outages: how often the mail server is killed, and started again a second later.
    """
    start = time.monotonic()
    server = MailServer(folder / "arrived")
    environment = settings_of(
        folder, env="testing", database_url=database_url, mail_server="127.0.0.1",
        mail_port=server.port, mail_timeout=1,
    )  # fmt: skip
    committed = [f"anna{number}@example.com" for number in range(messages)]
    rolled_back = [f"nobody{number}@example.com" for number in range(messages // 5)]

    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.kill)

        def begin_work() -> ForkServerProcess:
            worker = processes.Process(target=run_worker, args=[environment])
            worker.start()
            stack.callback(worker.kill)
            return worker

        # No more than there are connections: on a busy machine they would wait too long for one.
        turn = asyncio.Semaphore(WRITERS)

        async def write_in_turn(address: str, commit: bool) -> None:
            async with turn:
                await write(address, commit)

        async def write_part(part: int) -> None:
            await asyncio.gather(
                *(write_in_turn(address, True) for address in committed[part :: kills + 1]),
                *(write_in_turn(address, False) for address in rolled_back[part :: kills + 1]),
            )

        await server.start()
        workers = [begin_work(), begin_work()]
        for kill in range(kills):
            moment = server.number() + random.randrange(messages // (kills + 1))
            writing = asyncio.create_task(write_part(kill))
            await until(lambda moment=moment: server.number() > moment)
            workers[kill % 2].kill()
            workers[kill % 2] = begin_work()
            await writing
            if kill % (kills // outages) == kills // outages - 1:
                await server.kill()
                await asyncio.sleep(1)
                await server.start()
        await write_part(kills)
        await until(lambda: len(server.arrived()) == messages)
        await all_sent()
        for worker in workers:
            worker.terminate()
            await until(lambda worker=worker: worker.exitcode == 0)

    arrived = server.arrived()
    return Figures(
        lost=sorted(set(committed) - set(arrived)),
        unwanted=sorted(set(arrived) - set(committed)),
        twice=sum(len(ids) > 1 for ids in arrived.values()),
        strangers=[address for address, ids in arrived.items() if len(set(ids)) > 1],
        seconds=time.monotonic() - start,
    )


async def until(condition: Callable[[], bool], seconds: float = 120) -> None:
    """Wait for a condition by polling."""
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)
