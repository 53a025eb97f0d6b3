"""Removes the rows of deleted accounts, in the background of a web process or of `blog worker`."""

import asyncio
import logging
import time
from contextlib import suppress
from typing import cast

from quart import current_app
from sqlalchemy.exc import DBAPIError

from blog.accounts.deletion.batches import claim_deletion, delete_batch, postpone_deletion
from blog.core.db.database import Database
from blog.core.db.database_errors import is_unavailable
from blog.core.jobs.backoff import Backoff

log = logging.getLogger(__name__)

# How long a deletion waits at the most that another process was asked for.
POLL_SECONDS = 10.0
STOP_SECONDS = 2.0


class DeletionWorker:
    """Works on what is due, batch after batch. Any number may do so at the same time.

    Args:
        database: where the accounts are; open while the worker works.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._backoff = Backoff(first=1, longest=30)
        self._task: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._woken = asyncio.Event()

    async def start(self) -> None:
        """Begin to work in the background; the database is open."""
        self._stopping, self._woken = asyncio.Event(), asyncio.Event()
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        """End after the batch in hand; one that takes too long is rolled back."""
        if self._task is None:
            return
        self._stopping.set()
        self._woken.set()
        await asyncio.wait([self._task], timeout=STOP_SECONDS)
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None

    def wake(self) -> None:
        """Look at once for what there is to do."""
        self._woken.set()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            start = time.monotonic()
            try:
                found_work = await work_once(self._database)
            except Exception as error:
                # Nobody would ever start this worker again.
                pause = self._backoff.failed()
                if is_unavailable(error):
                    log.warning("deletions: the database does not answer, again in %.1f s", pause)
                else:
                    log.error("deletions: unexpected error, again in %.1f s", pause, exc_info=error)
                await _wait(self._stopping, pause)
                continue
            self._backoff.succeeded()
            if found_work:
                # Half of the time belongs to those who wait for the same rows.
                await _wait(self._stopping, time.monotonic() - start)
            else:
                await _wait(self._woken, POLL_SECONDS)


def deletion_worker() -> DeletionWorker:
    """The one of the current application."""
    return cast(DeletionWorker, current_app.extensions["deletion_worker"])


async def work_once(database: Database) -> bool:
    """Do one batch of a deletion that is due, or postpone it if somebody is in the way.

    Returns:
        Whether one was due.
    """
    async with database.session() as session:
        deletion = await claim_deletion(session)
        if deletion is None:
            return False
        user_id = deletion.user_id
        try:
            await delete_batch(session, deletion)
            await session.commit()
        except DBAPIError as error:
            if is_unavailable(error):
                raise
            await session.rollback()
            await postpone_deletion(session, user_id)
            log.info("the deletion of account %d is postponed: %s", user_id, error.orig)
    return True


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait until `event` is set, at most so many seconds."""
    with suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
