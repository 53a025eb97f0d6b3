"""A background loop that survives errors."""

import asyncio
import logging
from contextlib import suppress

from blog.core.db.database_errors import is_unavailable
from blog.core.jobs.backoff import Backoff

log = logging.getLogger(__name__)

# The longest and shortest waits for a notification before polling, in seconds.
POLL_SECONDS = 30.0
SHORTEST_WAIT = 1.0


class Loop:
    """Calls `step` until stopped. Subclasses implement `step`.

    Args:
        name: its work, for the log.
        stop_seconds: how long `stop` waits for the current step.
    """

    def __init__(self, name: str, stop_seconds: float) -> None:
        self._name = name
        self._stop_seconds = stop_seconds
        self._backoff = Backoff(first=1, longest=30)
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    async def step(self) -> float:
        """Process due work; returns how many seconds to wait, unless `wake` is called."""
        raise NotImplementedError

    async def start(self) -> None:
        """Start the loop; the database must be open."""
        self._stopping, self._woken = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._loop())

    async def stop(self) -> None:
        """Stop after the current step, or cancel it if it takes too long."""
        if self._task is None:
            return
        self._stopping.set()
        self._woken.set()
        await asyncio.wait([self._task], timeout=self._stop_seconds)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    @property
    def is_running(self) -> bool:
        """Whether it has been started and not stopped."""
        return self._task is not None

    def wake(self) -> None:
        """Look for work at once."""
        self._woken.set()

    def log_error(self, error: Exception, pause: float) -> None:
        """Log an error, and the delay before the next attempt, in seconds."""
        if is_unavailable(error):
            log.warning(
                "%s: the database does not answer, next attempt in %.1f s", self._name, pause
            )
        else:
            log.error(
                "%s: unexpected error, next attempt in %.1f s", self._name, pause, exc_info=error
            )

    async def _loop(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                wait = await self.step()
            except Exception as error:
                # The loop must survive, because nothing restarts it.
                pause = self._backoff.next_pause()
                self.log_error(error, pause)
                await _wait(self._stopping, pause)
                continue
            self._backoff.reset()
            if wait > 0:
                await _wait(self._woken, wait)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait until `event` is set, for at most `seconds`."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)


def seconds_to_wait(until_next: float | None) -> float:
    """How long to wait for a notification, in seconds.

    Not too long, because a notification may be missed. Never zero, because an overdue item that
    can't be claimed is locked by another worker.

    Args:
        until_next: seconds until the next item is due; `None` if there is none.
    """
    if until_next is None:
        return POLL_SECONDS
    return min(until_next if until_next > 0 else SHORTEST_WAIT, POLL_SECONDS)
