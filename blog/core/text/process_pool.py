"""A process pool whose calls are killed when they exceed a limit of CPU time.

multiprocessing and libraries built on it (concurrent.futures, pebble, loky) do not work here:
hypercorn's workers are daemonic processes, which may not have children. The processes run a
separate program (`process_worker.py`), so nothing is forked from a process with threads and
sockets, and they exit at the end of their standard input, however the parent ended.
"""

import asyncio
import json
import logging
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, TypeVarTuple, cast

from blog.core.i18n import current_language

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

log = logging.getLogger(__name__)

# The exit codes of a process that crashes or gets no more memory.
CRASHES = {-signal.SIGABRT, -signal.SIGBUS, -signal.SIGFPE, -signal.SIGILL, -signal.SIGSEGV}
PROGRAM = Path(__file__).with_name("process_worker.py")


class OutOfTimeError(Exception):
    """The call exceeded its CPU time, and its process was killed."""


class OverloadedError(Exception):
    """The queue is full, or a process died; the call may be retried."""


class CrashedError(OverloadedError):
    """The process crashed, probably because of its input; a retry would crash again."""


class FunctionFailedError(Exception):
    """The function raised an unexpected error; the message is its traceback."""


class _Job(NamedTuple):
    request: dict[str, Any]
    outcome: asyncio.Future[dict[str, Any]]


class ProcessPool:
    """Calls functions in processes, each call with a limit of CPU time.

    The first process is started by `start`, the others on demand. A killed process is replaced at
    once.

    Args:
        modules: the modules that the processes import in advance.
        size: the maximum number of processes.
        cpu_seconds: the maximum CPU time of a call.
        wall_seconds: the maximum elapsed time of a call; only an overloaded machine reaches it
            first.
        longest_queue: the maximum number of waiting calls.
        memory_bytes: the maximum memory of a process (RLIMIT_DATA), if it has a limit.
        keep: whether a process is reused for the next call; otherwise each call gets a new one.
        in_language: whether the functions run in the current language. Texts that are stored for
            all readers must not depend on it.
    """

    def __init__(
        self,
        modules: Sequence[str],
        *,
        size: int,
        cpu_seconds: float,
        wall_seconds: float,
        longest_queue: int,
        memory_bytes: int | None = None,
        keep: bool = True,
        in_language: bool = False,
    ) -> None:
        self.size = size
        self._modules = modules
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds
        self._memory_bytes = memory_bytes
        self._keep = keep
        self._in_language = in_language
        self._queue: asyncio.Queue[_Job] = asyncio.Queue(longest_queue)
        self._idle = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Start a process without waiting for it."""
        self._tasks.add(asyncio.create_task(self._serve()))
        self._idle += 1

    async def close(self) -> None:
        """Kill the processes."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        while not self._queue.empty():
            self._queue.get_nowait().outcome.cancel()

    async def run(
        self,
        function: Callable[[*Arguments], Result],
        *arguments: *Arguments,
        raises: Sequence[type[Exception]] = (),
    ) -> Result:
        """Call a module-level function in a process.

        Args:
            function: looked up by name; its arguments and result must be JSON-serialisable.
            raises: exceptions of the function that are raised again here, with their message.

        Raises:
            OutOfTimeError: it exceeded its CPU time.
            OverloadedError: the queue is full, or the process was killed.
            CrashedError: the process crashed.
            FunctionFailedError: the function raised another exception.
        """
        request = {
            "module": function.__module__,
            "function": function.__qualname__,
            "arguments": arguments,
            "cpu_seconds": self._cpu_seconds,
            "memory_bytes": self._memory_bytes,
            "language": current_language() if self._in_language else None,
        }
        job = _Job(request, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(job)
        except asyncio.QueueFull:
            raise OverloadedError("too many calls are waiting") from None
        if self._queue.qsize() > self._idle and len(self._tasks) < self.size:
            self.start()
        response = await job.outcome
        if "error" not in response:
            result: Result = response["result"]
            return result
        for error in raises:
            if response["error"] == [error.__module__, error.__qualname__]:
                raise error(response["text"])
        raise FunctionFailedError(response["traceback"])

    async def _serve(self) -> None:
        """Keep a process running and feed it jobs."""
        process: Process | None = None
        try:
            while True:
                if self._keep:
                    process = await self._ensure_process(process)
                job = await self._queue.get()
                if job.outcome.cancelled():
                    continue
                self._idle -= 1
                try:
                    process = await self._ensure_process(process)
                    response = await self._call(process, job.request)
                except (OutOfTimeError, OverloadedError) as error:
                    if not job.outcome.cancelled():
                        job.outcome.set_exception(error)
                else:
                    if not job.outcome.cancelled():
                        job.outcome.set_result(response)
                finally:
                    self._idle += 1
                    job.outcome.cancel()
                if process is not None and not self._keep:
                    await _end(process)
        finally:
            if process is not None:
                await _end(process)

    async def _ensure_process(self, process: Process | None) -> Process | None:
        """Return `process` if it is running, else a new one; `None` if none can be started."""
        if process is not None and process.returncode is None:
            return process
        command = (sys.executable, "-P", str(PROGRAM), *self._modules)
        try:
            # In its own session it does not receive Ctrl-C.
            return await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, start_new_session=True
            )
        except OSError as error:
            log.error("could not start a process for %s: %s", self._modules[0], error)
            return None

    async def _call(self, process: Process | None, request: dict[str, Any]) -> dict[str, Any]:
        if process is None:
            raise OverloadedError("no process can be started")
        try:
            async with asyncio.timeout(self._wall_seconds):
                return await _exchange(process, request)
        except TimeoutError:
            await _end(process)
            log.error("%s took %s s and was killed", request["function"], self._wall_seconds)
            raise OverloadedError("the machine is too busy") from None
        except ValueError as error:
            await _end(process)
            log.error("the process of %s sent invalid JSON: %s", request["function"], error)
            raise OverloadedError("the process sent an invalid response") from None
        except (asyncio.IncompleteReadError, OSError):
            # It is exiting, or has exited. Killing it would hide its exit code.
            code = await process.wait()
        if code == -signal.SIGPROF:
            log.warning("%s exceeded %s s of CPU time", request["function"], self._cpu_seconds)
            raise OutOfTimeError
        log.error("the process of %s ended with code %s", request["function"], code)
        raise CrashedError if code in CRASHES else OverloadedError("the process ended")


async def _exchange(process: Process, request: dict[str, Any]) -> dict[str, Any]:
    requests = cast(asyncio.StreamWriter, process.stdin)
    responses = cast(asyncio.StreamReader, process.stdout)
    content = json.dumps(request).encode()
    requests.write(len(content).to_bytes(4) + content)
    await requests.drain()
    length = int.from_bytes(await responses.readexactly(4))
    response: dict[str, Any] = json.loads(await responses.readexactly(length))
    return response


async def _end(process: Process) -> None:
    """Kill a process, unless it has exited."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()
