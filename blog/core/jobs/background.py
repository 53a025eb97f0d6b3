"""The background workers of a process."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from blog.core.jobs.listener import Listener


class Worker(Protocol):
    """Processes due work.

    Attributes:
        channel: the channel that announces new work.
    """

    channel: str

    async def start(self) -> None: ...
    async def stop(self) -> None: ...
    def wake(self) -> None: ...


class Background:
    """The workers of a process, started and stopped together.

    Args:
        listener: wakes them.
        workers: each has its own channel.
    """

    def __init__(self, listener: Listener, workers: Sequence[Worker]) -> None:
        self._listener = listener
        self._workers = workers
        self._has_started = False

    async def start(self) -> None:
        """Start the workers."""
        for worker in self._workers:
            await worker.start()
            self._listener.follow(worker.channel, _waker(worker))
        self._has_started = True

    async def stop(self) -> None:
        """Stop after finishing or releasing the work in progress."""
        if not self._has_started:
            return
        await asyncio.gather(*(worker.stop() for worker in self._workers))
        await self._listener.unfollow(*(worker.channel for worker in self._workers))
        self._has_started = False


def _waker(worker: Worker) -> Callable[[str], None]:
    return lambda _payload: worker.wake()
