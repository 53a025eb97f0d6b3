"""The real application in processes of its own: started, watched and ended by a test.

Usage::

    async with serving(tmp_path) as server:
        answer = await client.get(server.url)

Whatever a test does, and however it fails, no process is left behind.
"""

import asyncio
import os
import random
import signal
import socket
import sys
from asyncio.subprocess import DEVNULL, PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Self

import psutil

from blog.core.db.embedded import EmbeddedPostgres
from tests.forked import ForkedProcess, can_be_forked

PROJECT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
SECRET_KEY = "the tests' own key, which signs nothing of value"

BLOG_SERVE = ("blog", "serve")
HYPERCORN = ("hypercorn", "asgi:app")
ALEMBIC = ("alembic", "-c", str(PROJECT / "alembic.ini"))

# Below the range of ports for outgoing connections (ip(7), `ip_local_port_range`).
PORTS = (12_000, 32_000)
# How long to wait before a test fails; on a busy machine everything takes its time.
START_SECONDS = 60
STOP_SECONDS = 20


def free_port() -> int:
    """A free TCP port of 127.0.0.1.

    The system gives none of these to outgoing connections, which could take it before the test
    does, and another process of the tests hardly chooses the same.
    """
    while True:
        port = random.randrange(*PORTS)
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = START_SECONDS) -> None:
    """Poll for a condition in another process or task."""
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (it is in another process)
            await asyncio.sleep(0.02)


def settings_of(var_dir: Path, **changes: object) -> dict[str, str]:
    """The environment of a program: this one's, with settings for a site in `var_dir`.

    Args:
        var_dir: its `VAR_DIR`, made if it is missing; without a `DATABASE_URL` the embedded
            server's data is there.
        changes: settings by their field's name, such as `env="production"`.
    """
    var_dir.mkdir(parents=True, exist_ok=True)
    settings = {"env": "development", "var_dir": var_dir, "secret_key": SECRET_KEY} | changes
    return dict(os.environ) | {name.upper(): str(value) for name, value in settings.items()}


class Program:
    """A command of the project in a process group of its own.

    Attributes:
        pid: the first process; its group has the same number.
    """

    def __init__(self, command: tuple[str, ...], process: Process | ForkedProcess) -> None:
        self.command = " ".join(command)
        self.pid = process.pid
        self._process = process
        self._printed = bytearray()
        self._news = asyncio.Condition()
        self._reader = asyncio.create_task(self._read())

    @classmethod
    async def start(
        cls,
        *command: str,
        environment: dict[str, str],
        typed: str | None = None,
        open_input: bool = False,
    ) -> Self:
        """Start a program of this Python environment in its `VAR_DIR`, where no `.env` is.

        Args:
            command: its name and arguments.
            environment: as `settings_of` makes it.
            typed: what it finds in its standard input.
            open_input: let its standard input be open, with nothing in it.
        """
        process = await asyncio.create_subprocess_exec(
            PROGRAMS / command[0],
            *command[1:],
            cwd=environment["VAR_DIR"],
            env=environment,
            stdin=PIPE if open_input or typed is not None else DEVNULL,
            stdout=PIPE,
            stderr=STDOUT,
            start_new_session=True,
        )
        if process.stdin is not None and typed is not None:
            process.stdin.write(typed.encode())
            process.stdin.close()
        return cls(command, process)

    @classmethod
    async def quickly_start(
        cls, *command: str, environment: dict[str, str], typed: str | None = None
    ) -> Self:
        """Start a program in a process that has loaded the application already, if there is one."""
        if not can_be_forked(command, environment):
            return await cls.start(*command, environment=environment, typed=typed)
        process = await ForkedProcess.start(
            *command,
            environment=environment,
            folder=environment["VAR_DIR"],
            typed=None if typed is None else typed.encode(),
        )
        return cls(command, process)

    async def _read(self) -> None:
        assert self._process.stdout
        while data := await self._process.stdout.read(65536):
            async with self._news:
                self._printed += data
                self._news.notify_all()

    @property
    def output(self) -> str:
        """What it and its children have printed so far, on both streams."""
        return self._printed.decode(errors="replace")

    @property
    def is_running(self) -> bool:
        """Whether its first process is there."""
        return self._process.returncode is None

    async def printed(self, text: str, seconds: float = START_SECONDS) -> None:
        """Wait until it has printed `text`."""
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: text in self.output)
        except TimeoutError:
            raise AssertionError(f"{self.command} never printed {text!r}:\n{self.output}") from None

    def send(self, number: int, *, group: bool = False) -> None:
        """Send a signal to its first process, or, as Ctrl-C does, to its whole group."""
        if group:
            os.killpg(self.pid, number)
        else:
            os.kill(self.pid, number)

    async def ended(self, seconds: float = STOP_SECONDS) -> int:
        """Wait until it and every child of it has ended (the embedded server is no child).

        Returns:
            The exit code of the first process; -9 if it was killed by signal 9.
        """
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._reader)
                return await self._process.wait()
        except TimeoutError:
            raise AssertionError(f"{self.command} does not end:\n{self.output}") from None

    async def stop(self, number: int = signal.SIGTERM, seconds: float = STOP_SECONDS) -> int:
        """Send a signal and wait for the end; its exit code."""
        self.send(number)
        return await self.ended(seconds)

    async def kill(self) -> None:
        """Kill what is left of its process group."""
        with suppress(ProcessLookupError):
            self.send(signal.SIGKILL, group=True)
        await self._reader
        await self._process.wait()


class Server(Program):
    """A program that answers HTTP.

    Attributes:
        url: where, without a slash at the end.
        port: the TCP port, on 127.0.0.1.
    """

    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def answers(self, seconds: float = START_SECONDS) -> None:
        """Wait until a request is answered."""
        try:
            async with asyncio.timeout(seconds):
                while not await self.is_answered():
                    assert self.is_running, f"{self.command} has ended:\n{self.output}"
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"{self.command} does not answer:\n{self.output}") from None

    async def is_answered(self) -> bool:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        except ConnectionRefusedError:
            return False
        try:
            writer.write(b"GET /healthz HTTP/1.0\r\n\r\n")
            return bool(await reader.readline())
        except ConnectionResetError:
            return False
        finally:
            writer.close()
            with suppress(ConnectionResetError):
                await writer.wait_closed()


@asynccontextmanager
async def serving(
    var_dir: Path, *command: str, wait: bool = True, quickly: bool = True,
    port: int | None = None, **settings: object,
) -> AsyncIterator[Server]:  # fmt: skip
    """A running application, ended by SIGTERM if the test has not ended it.

    Args:
        var_dir: as in `settings_of`, and the working directory.
        command: `blog serve` by default. hypercorn is told the port.
        wait: whether to wait until it answers.
        quickly: whether its processes may be forked. Workers that are forked share no metrics.
        port: where; by default a free one.
        settings: as in `settings_of`.
    """
    port = port or free_port()
    command = command or BLOG_SERVE
    if command[0] == "hypercorn":
        command = (*command, "--bind", f"127.0.0.1:{port}")
    environment = settings_of(var_dir, port=port, **settings)
    start = Server.quickly_start if quickly else Server.start
    server = await start(*command, environment=environment)
    server.port = port
    try:
        if wait:
            await server.answers()
        yield server
        if server.is_running:
            await server.stop()
    finally:
        await server.kill()
        await asyncio.to_thread(stop_embedded, var_dir)


async def run(
    var_dir: Path, *command: str, seconds: float = START_SECONDS, typed: str | None = None,
    **settings: object,
) -> tuple[int, str]:  # fmt: skip
    """Run a program to its end.

    Args:
        var_dir, settings: as in `settings_of`.
        typed: what it finds in its standard input.

    Returns:
        Its exit code, and what it printed.
    """
    environment = settings_of(var_dir, **settings)
    program = await Program.quickly_start(*command, environment=environment, typed=typed)
    try:
        return await program.ended(seconds), program.output
    finally:
        await program.kill()
        await asyncio.to_thread(stop_embedded, var_dir)


def workers_of(server: Program) -> list[psutil.Process]:
    """The processes that answer requests; multiprocessing has one more, to clean up."""
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(server.pid)
        command = parent.cmdline()  # One that was forked has the same.
        return [
            child
            for child in parent.children()
            if child.status() != psutil.STATUS_ZOMBIE
            and ("spawn_main" in " ".join(child.cmdline()) or child.cmdline() == command)
        ]
    return []


def stop_embedded(var_dir: Path) -> None:
    """Stop the embedded server that a killed program left, unless somebody else uses it."""
    folder = var_dir / "postgres"
    if (folder / "postmaster.pid").exists():
        with EmbeddedPostgres(folder):
            pass
