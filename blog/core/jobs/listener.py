"""Immediate notification of what others commit: PostgreSQL's LISTEN on a dedicated connection."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Connection as SyncConnection

from blog.core.db.database import Database
from blog.core.jobs.backoff import Backoff

log = logging.getLogger(__name__)

CHECK_SECONDS = 30.0
ANSWER_SECONDS = 5.0


async def listen(
    database: Database, callbacks: Mapping[str, Callable[[str], None]], *, purpose: str
) -> None:
    """Call a channel's function after each commit that notifies the channel, until cancelled.

    A lost connection is replaced, with exponential backoff.

    Args:
        database: has the channels.
        callbacks: the function of each channel. It gets the payload; whenever listening starts,
            it is called with an empty one, for earlier commits.
        purpose: the name of the connection in `pg_stat_activity`.
    """
    backoff = Backoff(first=0.5, longest=30)
    while True:
        try:
            await _listen_once(database, callbacks, purpose, backoff.succeeded)
        except Exception as error:
            pause = backoff.failed()
            log.warning("not listening for notifications, next attempt in %.1f s: %s", pause, error)
            await asyncio.sleep(pause)


async def _listen_once(
    database: Database,
    callbacks: Mapping[str, Callable[[str], None]],
    purpose: str,
    on_success: Callable[[], None],
) -> None:
    """Listen until the connection is lost, then raise."""
    async with database.direct_engine.connect() as pooled:
        connection: Any = (await pooled.get_raw_connection()).driver_connection
        # A listening connection takes no place in the pool.
        await pooled.run_sync(SyncConnection.detach)
        lost = asyncio.Event()
        connection.add_termination_listener(lambda *_: lost.set())
        await connection.execute(f"SET application_name = 'broadside {purpose}'")
        for channel in callbacks:
            await connection.add_listener(channel, lambda *notice: callbacks[notice[2]](notice[3]))
        on_success()
        for callback in callbacks.values():
            callback("")
        while not lost.is_set():
            try:
                await asyncio.wait_for(lost.wait(), CHECK_SECONDS)
            except TimeoutError:
                # A connection may die silently: a lost route, a laptop that slept.
                await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)
        raise ConnectionError("the connection was lost")
