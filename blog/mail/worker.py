"""Sends what is in the outbox, in the background of a web process or alone."""

import asyncio
import logging
import time
from contextlib import suppress

from blog.core.db.database import Database
from blog.core.db.database_errors import is_unavailable
from blog.core.jobs.backoff import Backoff
from blog.mail import queue
from blog.mail.delivery import DeferredError, delivery_of, without_words
from blog.mail.listener import listen
from blog.mail.sending import Sender
from settings import Settings

log = logging.getLogger(__name__)

# How long to wait for a notice before looking without one, and how long at least, in seconds.
POLL_SECONDS = 30.0
SHORTEST_WAIT = 1.0
CLEANING_SECONDS = 3600.0
STOP_SECONDS = 10.0
STOP_SECONDS_IN_DEVELOPMENT = 2.0


class MailWorker:
    """Takes messages from the outbox and sends them. Any number may work at the same time.

    Args:
        database: where the outbox is; open while the worker works.
        settings: say where messages go.
    """

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._delivery = delivery_of(settings)
        self._attempt_seconds = settings.mail_timeout
        self._stop_seconds = (
            STOP_SECONDS_IN_DEVELOPMENT if settings.is_development else STOP_SECONDS
        )
        self._backoff = Backoff(first=1, longest=30)
        self._next_cleaning = 0.0
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    async def start(self) -> None:
        """Begin to work in the background; the database is open."""
        if self._delivery is None:
            log.info("mail waits in the outbox: MAIL_SERVER is not set")
            return
        self._stopping, self._woken = asyncio.Event(), asyncio.Event()
        sender = Sender(self._database, self._delivery, self._attempt_seconds, self._stopping)
        self._tasks = [
            asyncio.create_task(self._work(sender)),
            asyncio.create_task(listen(self._database, self._woken.set)),
        ]

    async def stop(self) -> None:
        """Finish the message in hand, give the others back, and end.

        A mail server that lets one wait is not waited for: the message in hand is then sent
        again when its lease ends.
        """
        if not self._tasks:
            return
        self._stopping.set()
        self._woken.set()
        await asyncio.wait(self._tasks[:1], timeout=self._stop_seconds)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    async def _work(self, sender: Sender) -> None:
        """Send batch after batch, and wait for a notice when nothing is due."""
        while not self._stopping.is_set():
            self._woken.clear()
            try:
                number = await sender.send_batch()
                wait = 0.0 if number else await self._seconds_to_wait()
                await self._delete_old()
            except Exception as error:
                await self._recover(error)
                continue
            self._backoff.succeeded()
            if not number:
                await _wait(self._woken, wait)

    async def _recover(self, error: Exception) -> None:
        """Log what went wrong, and pause before anything is tried again."""
        pause = self._backoff.failed()
        if isinstance(error, DeferredError):
            reason = without_words(error)
            log.warning("the mail server fails, again in %.1f s: %s", pause, reason)
        elif is_unavailable(error):
            log.warning("mail: the database does not answer, again in %.1f s", pause)
        else:
            log.error("mail: unexpected error, again in %.1f s", pause, exc_info=error)
        await _wait(self._stopping, pause)

    async def _seconds_to_wait(self) -> float:
        """Until the next message is due, but not too long, for a notice may be missed.

        Nor is it ever nothing: an overdue message that cannot be claimed is locked by somebody.
        """
        seconds = await queue.seconds_until_next(self._database)
        return POLL_SECONDS if seconds is None else min(max(seconds, SHORTEST_WAIT), POLL_SECONDS)

    async def _delete_old(self) -> None:
        """Once in a while, delete messages that were done with long ago."""
        if time.monotonic() < self._next_cleaning:
            return
        while await queue.delete_old(self._database) and not self._stopping.is_set():
            pass
        self._next_cleaning = time.monotonic() + CLEANING_SECONDS


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait until `event` is set, at most so many seconds."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
