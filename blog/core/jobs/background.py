"""The background work of a process: its workers, and the connection that wakes them."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from blog.core.db.database import Database
from blog.core.jobs.listener import listen


class Worker(Protocol):
    """Processes work that is due.

    Attributes:
        channel: the channel that is notified of new work.
    """

    channel: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def wake(self) -> None: ...


class Background:
    """The workers of a process, started and stopped together.

    Args:
        database: stores the work; open while the workers run.
        workers: each has its own channel.
    """

    def __init__(self, database: Database, workers: Sequence[Worker]) -> None:
        self._database = database
        self._workers = workers
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the workers."""
        for worker in self._workers:
            await worker.start()
        callbacks = {worker.channel: _waking(worker) for worker in self._workers}
        listening = listen(self._database, callbacks, purpose="jobs")
        self._listening = asyncio.create_task(listening)

    async def stop(self) -> None:
        """Stop after finishing or releasing the work in progress."""
        if self._listening is None:
            return
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._listening = None


def _waking(worker: Worker) -> Callable[[str], None]:
    return lambda _payload: worker.wake()
