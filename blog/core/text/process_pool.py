"""A few processes for work that may take too long, and that can be killed when it does.

multiprocessing, and all that is built on it (concurrent.futures, pebble, loky), cannot be used
here: hypercorn's workers are daemonic processes, which it forbids to have children. The processes
are programs of their own (`process_worker.py`), so nothing is forked from a process with threads
and sockets, and they end when their standard input does, whatever has ended the parent.
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

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

log = logging.getLogger(__name__)

PROGRAM = Path(__file__).with_name("process_worker.py")


class OutOfTimeError(Exception):
    """The work used all the processor time that it may, and its process was killed."""


class OverloadedError(Exception):
    """There is too much work at the moment, or a process went away; it may be tried again."""


class FunctionFailedError(Exception):
    """The function raised an error that its caller does not expect; the text is its traceback."""


class _Job(NamedTuple):
    request: dict[str, Any]
    outcome: asyncio.Future[dict[str, Any]]


class ProcessPool:
    """Calls functions in processes: each call has its limit of processor time.

    The first process starts with `start`, the others when they are needed. One that was killed is
    replaced at once.

    Args:
        modules: what the processes import before they are given work.
        size: how many processes there are at the most.
        cpu_seconds: the processor time that a call may use.
        wall_seconds: how long it may take on the clock; more only where the machine is too busy.
        longest_queue: how many calls may wait.
    """

    def __init__(
        self,
        modules: Sequence[str],
        *,
        size: int,
        cpu_seconds: float,
        wall_seconds: float,
        longest_queue: int,
    ) -> None:
        self.size = size
        self._modules = modules
        self._cpu_seconds = cpu_seconds
        self._wall_seconds = wall_seconds
        self._queue: asyncio.Queue[_Job] = asyncio.Queue(longest_queue)
        self._idle = 0
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Have a process ready; does not wait for it."""
        self._tasks.add(asyncio.create_task(self._work()))
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
        """Call a function of a module, in a process.

        Args:
            function: found by its name; what it is given and returns must be representable in
                JSON.
            raises: errors of the function that are raised here again, with their text.

        Raises:
            OutOfTimeError: it used too much processor time.
            OverloadedError: too many calls wait, or the process went away.
            FunctionFailedError: the function raised something else.
        """
        request = {
            "module": function.__module__,
            "function": function.__qualname__,
            "arguments": arguments,
            "cpu_seconds": self._cpu_seconds,
        }
        job = _Job(request, asyncio.get_running_loop().create_future())
        try:
            self._queue.put_nowait(job)
        except asyncio.QueueFull:
            raise OverloadedError("too many calls wait") from None
        if self._queue.qsize() > self._idle and len(self._tasks) < self.size:
            self.start()
        answer = await job.outcome
        if "error" not in answer:
            result: Result = answer["result"]
            return result
        for error in raises:
            if answer["error"] == [error.__module__, error.__qualname__]:
                raise error(answer["text"])
        raise FunctionFailedError(answer["traceback"])

    async def _work(self) -> None:
        """Keep a process, and give it one job after another."""
        process: Process | None = None
        try:
            while True:
                process = await self._alive(process)
                job = await self._queue.get()
                if job.outcome.cancelled():
                    continue
                self._idle -= 1
                try:
                    process = await self._alive(process)
                    answer = await self._answer(process, job.request)
                except (OutOfTimeError, OverloadedError) as error:
                    if not job.outcome.cancelled():
                        job.outcome.set_exception(error)
                else:
                    if not job.outcome.cancelled():
                        job.outcome.set_result(answer)
                finally:
                    self._idle += 1
                    job.outcome.cancel()
        finally:
            if process is not None:
                await _end(process)

    async def _alive(self, process: Process | None) -> Process | None:
        """This process, or a new one if it has ended; `None` if none can be started now."""
        if process is not None and process.returncode is None:
            return process
        command = (sys.executable, "-P", str(PROGRAM), *self._modules)
        try:
            # In a session of its own, Ctrl-C does not reach it.
            return await asyncio.create_subprocess_exec(
                *command, stdin=PIPE, stdout=PIPE, start_new_session=True
            )
        except OSError as error:
            log.error("no process can be started for %s: %s", self._modules[0], error)
            return None

    async def _answer(self, process: Process | None, request: dict[str, Any]) -> dict[str, Any]:
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
            log.error("the process of %s answered what is not JSON: %s", request["function"], error)
            raise OverloadedError("the process answered nonsense") from None
        except (asyncio.IncompleteReadError, OSError):
            # It is ending, or has. To kill it as well would hide the code that it ends with.
            code = await process.wait()
        if code == -signal.SIGPROF:
            log.warning("%s used %s s of processor time", request["function"], self._cpu_seconds)
            raise OutOfTimeError
        log.error("the process of %s ended with code %s", request["function"], code)
        raise OverloadedError("the process ended")


async def _exchange(process: Process, request: dict[str, Any]) -> dict[str, Any]:
    requests = cast(asyncio.StreamWriter, process.stdin)
    answers = cast(asyncio.StreamReader, process.stdout)
    content = json.dumps(request).encode()
    requests.write(len(content).to_bytes(4) + content)
    await requests.drain()
    length = int.from_bytes(await answers.readexactly(4))
    answer: dict[str, Any] = json.loads(await answers.readexactly(length))
    return answer


async def _end(process: Process) -> None:
    """Kill a process, if it has not ended."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.kill()
    await process.wait()
