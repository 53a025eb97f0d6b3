"""Immediate notification of commits by other processes: LISTEN on a dedicated connection."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection as SyncConnection

from blog.core.db.database import Database
from blog.core.jobs.backoff import Backoff

log = logging.getLogger(__name__)

CHECK_SECONDS = 30.0
ANSWER_SECONDS = 5.0

Callback = Callable[[str], None]


class Listener:
    """Listens to all channels that a process follows, on one connection.

    The connection is open while any channel is followed. If it is lost, it is replaced, with
    exponential backoff.

    Args:
        database: open while any channel is followed.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._callbacks: dict[str, Callback] = {}
        self._new: set[str] = set()
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def follow(self, channel: str, callback: Callback) -> None:
        """Call a function after each commit that notifies a channel.

        Args:
            channel: a channel that this listener doesn't follow yet.
            callback: gets the payload. Whenever listening starts, it is called with an empty
                payload, for earlier commits.
        """
        self._callbacks[channel] = callback
        self._new.add(channel)
        if self._task is None:
            self._woken = asyncio.Event()
            self._task = asyncio.create_task(self._listen())
        self._woken.set()

    async def unfollow(self, *channels: str) -> None:
        """Stop following channels."""
        for channel in channels:
            self._callbacks.pop(channel, None)
        if self._callbacks or self._task is None:
            return
        task, self._task = self._task, None
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _listen(self) -> None:
        backoff = Backoff(first=0.5, longest=30)
        while True:
            try:
                await self._listen_once(backoff.reset)
            except Exception as error:
                pause = backoff.next_pause()
                log.warning(
                    "not listening for notifications, next attempt in %.1f s: %s", pause, error
                )
                await asyncio.sleep(pause)

    async def _listen_once(self, on_success: Callable[[], None]) -> None:
        """Listen until the connection is lost, then raise."""
        async with self._database.direct_engine.connect() as pooled:
            connection: Any = (await pooled.get_raw_connection()).driver_connection
            # A listening connection doesn't count against the pool.
            await pooled.run_sync(SyncConnection.detach)
            connection.add_termination_listener(lambda *_: self._woken.set())
            await connection.execute("SET application_name = 'broadside listener'")
            listening: set[str] = set()
            self._new.update(self._callbacks)
            while True:
                self._woken.clear()
                if connection.is_closed():
                    raise ConnectionError("the connection was lost")
                while self._new:
                    channel = self._new.pop()
                    if channel not in listening:
                        await connection.add_listener(channel, self._notify)
                        listening.add(channel)
                    self._notify(connection, 0, channel, "")
                on_success()
                try:
                    await asyncio.wait_for(self._woken.wait(), CHECK_SECONDS)
                except TimeoutError:
                    # A connection may die silently: a lost route, a laptop that was asleep.
                    await connection.execute("SELECT 1", timeout=ANSWER_SECONDS)

    def _notify(self, _connection: Any, _pid: int, channel: str, payload: str) -> None:
        if (callback := self._callbacks.get(channel)) is not None:
            callback(payload)
