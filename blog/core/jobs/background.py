"""All that a process does in the background: its workers, and the connection that wakes them."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from blog.core.db.database import Database
from blog.core.jobs.listener import listen


class Worker(Protocol):
    """Does what is due.

    Attributes:
        channel: is notified of new work.
    """

    channel: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def wake(self) -> None: ...


class Background:
    """The workers of a process, which are started and stopped together.

    Args:
        database: where the work is; open while they work.
        workers: each with a channel of its own.
    """

    def __init__(self, database: Database, workers: Sequence[Worker]) -> None:
        self._database = database
        self._workers = workers
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to work."""
        for worker in self._workers:
            await worker.start()
        callbacks = {worker.channel: worker.wake for worker in self._workers}
        self._listening = asyncio.create_task(listen(self._database, callbacks))

    async def stop(self) -> None:
        """Finish what is in hand, or give it back, and end."""
        if self._listening is None:
            return
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._listening = None
