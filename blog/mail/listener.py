"""Hearing at once of new messages: PostgreSQL's LISTEN on a connection of its own."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection as SyncConnection

from blog.core.db.database import Database
from blog.core.jobs.backoff import Backoff
from blog.mail.outbox import CHANNEL

log = logging.getLogger(__name__)

CHECK_SECONDS = 30.0
ANSWER_SECONDS = 5.0


async def listen(database: Database, on_message: Callable[[], None]) -> None:
    """Call `on_message` after each commit that put a message into the outbox, until cancelled.

    It is also called each time that listening begins, for what was committed before. A lost
    connection is replaced, with growing pauses while there is none to be had.
    """
    backoff = Backoff(first=0.5, longest=30)
    while True:
        try:
            await _listen_once(database, on_message, backoff.succeeded)
        except Exception as error:
            pause = backoff.failed()
            log.warning("mail: not listening, again in %.1f s: %s", pause, error)
            await asyncio.sleep(pause)


async def _listen_once(
    database: Database, on_message: Callable[[], None], on_success: Callable[[], None]
) -> None:
    """Listen until the connection is lost, then raise."""
    async with database.engine.connect() as pooled:
        connection: Any = (await pooled.get_raw_connection()).driver_connection
        # A connection that listens holds no place in the pool of those that work.
        await pooled.run_sync(SyncConnection.detach)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        await connection.execute("SET application_name = 'broadside mail'")
        await connection.add_listener(CHANNEL, lambda *_: on_message())
        on_success()
        on_message()
        while not lost.is_set():
            try:
                await asyncio.wait_for(lost.wait(), CHECK_SECONDS)
            except TimeoutError:
                # A connection may die without a word: a dropped route, a laptop that slept.
                await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
        raise ConnectionError("the connection was lost")
