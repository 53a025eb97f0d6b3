"""Programs that are restarted whenever they end, as by systemd, and can be killed or suspended."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil

RESTART_SECONDS = 1.0
STOP_SECONDS = 15.0
POLL_SECONDS = 0.25
# Ends what is left of a cluster whose own process was killed.
REAPER = (
    "import sys; sys.stdin.read(); from tests.live.cluster.units import reap; reap(sys.argv[1])"
)


class Unit:
    """A program with a folder of its own.

    Args:
        folder: its working folder, which exists.
        command: the program and its arguments.
        environment: all of it.
        user: the system user to run as, if this process is root.

    Attributes:
        is_wanted: whether it is restarted when it ends.
        starts: how often it was started.
    """

    def __init__(
        self, folder: Path, *command: str | Path, environment: dict[str, str], user: str | None
    ) -> None:
        self.folder = folder
        self.command = command
        self.environment = environment
        self.is_wanted = False
        self.starts = 0
        self._user = user
        self._log = folder / "log"
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start it, and from now on whenever it ends."""
        self.is_wanted = True
        process = await self._spawn()
        self._task = asyncio.create_task(self._keep_running(process))

    async def _spawn(self) -> asyncio.subprocess.Process:
        self.starts += 1
        with self._log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self.command, cwd=self.folder, env=self.environment, user=self._user,
                extra_groups=[] if self._user else None, group=self._user,
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    async def _keep_running(self, process: asyncio.subprocess.Process) -> None:
        while True:
            code = await process.wait()
            with self._log.open("a") as log:
                log.write(f"-- ended with {code} at {time.strftime('%H:%M:%S')}\n")
            if not self.is_wanted:
                return
            await asyncio.sleep(RESTART_SECONDS)
            process = await self._spawn()

    async def stop(self) -> None:
        """End it in good order, and what is left after a while by force."""
        self.is_wanted = False
        self.signal(signal.SIGCONT)
        self.signal(signal.SIGTERM, only_first=True)
        with suppress(TimeoutError):
            await patiently(self._has_ended, STOP_SECONDS)
        self.signal(signal.SIGKILL)
        if self._task is not None:
            await self._task

    async def _has_ended(self) -> bool:
        return not self.processes()

    def processes(self) -> list[psutil.Process]:
        """All of its processes."""
        return list(processes_in(self.folder))

    def signal(self, number: int, *, only_first: bool = False) -> None:
        """Send a signal to its processes.

        Args:
            number: the signal.
            only_first: leave out those that others of them have started.
        """
        found = self.processes()
        numbers = {process.pid for process in found}
        for process in found:
            with suppress(psutil.NoSuchProcess):
                if not only_first or process.ppid() not in numbers:
                    process.send_signal(number)

    @property
    def output(self) -> str:
        """What it has printed, in all its lives."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""


async def patiently(condition: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Poll for a condition so seldom that the relays in this process are not held up.

    Raises:
        TimeoutError: it did not come true.
    """
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 (it is in another process)
            await asyncio.sleep(POLL_SECONDS)


def processes_in(folder: Path) -> Iterator[psutil.Process]:
    """The processes whose working folder is `folder`, or below it."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if process.status() == psutil.STATUS_ZOMBIE:
                continue
            if Path(process.cwd()).is_relative_to(folder):
                yield process


def reap(folder: str) -> None:
    """Kill every process that works in `folder`, and delete it."""
    while found := [each for each in processes_in(Path(folder)) if each.pid != os.getpid()]:
        for process in found:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(found, timeout=5)
    shutil.rmtree(folder, ignore_errors=True)


def start_reaper(folder: Path, project: Path) -> subprocess.Popen[bytes]:
    """Start a process that calls `reap` as soon as this one ends, however it does."""
    return subprocess.Popen(
        [sys.executable, "-c", REAPER, str(folder)], cwd=project, stdin=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
