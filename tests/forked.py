"""`blog`, `alembic` and `hypercorn` in processes that have loaded the application already.

To load it takes three seconds of processor time, and a server another two until it has shown a page
(`tests.kept_code`), which is nearly all that most commands cost. So one process does that, once in
a run of the tests, and is forked for each command. The command finds
what it finds when a shell starts it: its arguments, environment, working folder and standard
streams, and a process group of its own.

Tests of the start itself use `tests.servers.Program.start`. The workers of a server are forked, too
(`tests.forked_workers`).
"""

import asyncio
import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import resolve_name
from typing import NamedTuple, Self

PROJECT = Path(__file__).resolve().parents[1]
PROGRAMS = Path(sys.executable).parent
# What their scripts call, by their names.
MAIN = {
    "blog": "command_line:main",
    "alembic": "alembic.config:main",
    "hypercorn": "hypercorn.__main__:main",
}
# Modules of these programs, and of the workers of a server.
LOADED = (
    "blog.cli", "blog.core.web.process", "command_line", "alembic.config", "hypercorn.__main__",
    "hypercorn.asyncio", "uvloop", "tests.forked_workers",
)  # fmt: skip
LARGEST_REQUEST = 128 * 1024
# What Python, the settings and the package of PostgreSQL's programs read when they are loaded.
READ_EARLY = ("ENV_FILE", "PYTHON", "PGSERVER_")


class ForkedProcess:
    """A running command, with what the tests use of `asyncio.subprocess.Process`.

    Attributes:
        pid: the process, which is the first of its group.
        returncode: its exit code, -9 after signal 9; `None` while it runs.
        stdout: what it prints, on both streams.
    """

    stdin = None

    def __init__(self, pid: int, output: asyncio.StreamReader, news: asyncio.StreamReader) -> None:
        self.pid, self.stdout = pid, output
        self.returncode: int | None = None
        self._end = asyncio.create_task(self._note_end(news))

    @classmethod
    async def start(
        cls, *command: str, environment: dict[str, str], folder: str, typed: bytes | None
    ) -> Self:
        """Run a program.

        Args:
            command: its name and arguments.
            environment: all of it.
            folder: the working folder.
            typed: what it finds in its standard input, at most as much as a pipe holds.
        """
        output, its_output = os.pipe()
        status, its_status = os.pipe()
        its_input = _input(typed)
        request = {"command": command, "environment": environment, "folder": folder}
        socket.send_fds(
            _loaded_process().requests,
            [json.dumps(request).encode()],
            [its_input, its_output, its_status],
        )
        for descriptor in (its_input, its_output, its_status):
            os.close(descriptor)
        news = await _reader(status)
        return cls(int(await news.readline()), await _reader(output), news)

    async def _note_end(self, news: asyncio.StreamReader) -> int:
        self.returncode = int(await news.read())
        return self.returncode

    async def wait(self) -> int:
        """Wait for its end; its exit code."""
        return await asyncio.shield(self._end)


def can_be_forked(command: tuple[str, ...], environment: dict[str, str]) -> bool:
    """Whether a forked process does the same as one that is started with this environment."""
    early = {
        name
        for name, value in (environment.items() ^ os.environ.items())
        if name.startswith(READ_EARLY)
    }
    return command[0] in MAIN and not early


def _input(typed: bytes | None) -> int:
    if typed is None:
        return os.open(os.devnull, os.O_RDONLY)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    assert os.write(writing, typed) == len(typed)
    os.close(writing)
    return reading


async def _reader(descriptor: int) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    pipe = os.fdopen(descriptor, "rb")
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), pipe
    )
    return reader


class LoadedProcess(NamedTuple):
    """The process that is forked, and the way to it."""

    process: subprocess.Popen[bytes]
    requests: socket.socket


@cache
def _loaded_process() -> LoadedProcess:
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with its:
        process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(its.fileno())],
            cwd=PROJECT, pass_fds=[its.fileno()], start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        )  # fmt: skip
    return LoadedProcess(process, ours)


def end_loaded_process() -> None:
    """End the process that is forked, if there is one."""
    if _loaded_process.cache_info().currsize:
        process, requests = _loaded_process()
        requests.close()
        process.wait()


def serve(requests: socket.socket) -> None:
    """Fork for each request. It returns in the process that is to be the command."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        message, descriptors, _, _ = socket.recv_fds(requests, LARGEST_REQUEST, 3)
        if not message:
            sys.exit()
        if os.fork() == 0:
            requests.close()
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            attend(message, *descriptors)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def attend(message: bytes, its_input: int, its_output: int, status: int) -> None:
    """Fork once more, and report the process id and the exit code of the child.

    It returns in the child.
    """
    if (child := os.fork()) == 0:
        os.setsid()
        os.write(status, f"{os.getpid()}\n".encode())
        for descriptor, place in ((its_input, 0), (its_output, 1), (its_output, 2)):
            os.dup2(descriptor, place)
        for descriptor in (its_input, its_output, status):
            os.close(descriptor)
        become(**json.loads(message))
        return
    os.close(its_input)
    os.close(its_output)
    _, end = os.waitpid(child, 0)
    with suppress(BrokenPipeError):
        os.write(status, str(os.waitstatus_to_exitcode(end)).encode())
    os._exit(0)


def become(command: list[str], environment: dict[str, str], folder: str) -> None:
    """Let this process look as if a shell had started the program in it."""
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    os.chdir(folder)
    sys.argv = [str(PROGRAMS / command[0]), *command[1:]]
    sys.path[0] = str(PROGRAMS)
    # multiprocessing loads the main module in its processes, too.
    main_module = sys.modules["__main__"]
    main_module.__file__, main_module.__spec__ = sys.argv[0], None


if __name__ == "__main__":
    for name in LOADED:
        import_module(name)
    kept_code = import_module("tests.kept_code")
    kept_code.keep_generated_code()
    kept_code.make_what_is_kept()
    gc.collect()
    gc.freeze()
    serve(socket.socket(fileno=int(sys.argv[1])))
    import_module("tests.forked_workers").fork_workers()
    sys.exit(resolve_name(MAIN[Path(sys.argv[0]).name])())
