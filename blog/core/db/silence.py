"""Noticing that a database says nothing any more, though its connections are open.

A server whose processes are stopped, or whose disk hangs, closes nothing: each request would wait
for the limit of its statement, and so would each that comes later. So where somebody has waited for
a while, the server is asked something else on a connection of its own. If it says nothing to that
either, every connection is given up, and nobody is made to wait until it answers again.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from blog.core.db.connector import Connector

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
# How long a statement runs before the server is asked something else.
SUSPICIOUS_SECONDS = 1.0
ANSWER_SECONDS = 2.0
# One answer that is late may be our own fault: on a machine that has no time for this process.
TRIES = 2


class SilenceWatch:
    """Watches the statements of some engines of the same server.

    Args:
        connector: opens their connections.
        engines: whose statements to watch.

    Usage: `start()`, at the end `await stop()`.
    """

    def __init__(self, connector: Connector, *engines: AsyncEngine) -> None:
        self._connector = connector
        # Since when each connection waits for an answer.
        self._waiting: dict[Any, float] = {}
        self._answered_at = 0.0
        for engine in engines:
            event.listen(engine.sync_engine, "before_cursor_execute", self._asks)
            event.listen(engine.sync_engine, "after_cursor_execute", self._is_answered)
            event.listen(engine.sync_engine, "commit", self._asks)
            event.listen(engine.sync_engine, "handle_error", self._fails)
            for name in ("checkin", "detach", "close", "close_detached"):
                event.listen(engine.sync_engine, name, self._rests)

    def start(self) -> None:
        """Begin to look."""
        self._task = asyncio.create_task(self._look())

    async def stop(self) -> None:
        """Look no more."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def _asks(self, connection: Connection, *_: Any) -> None:
        self._waiting[connection.connection.dbapi_connection] = time.monotonic()

    def _is_answered(self, connection: Connection, *_: Any) -> None:
        self._waiting.pop(connection.connection.dbapi_connection, None)

    def _fails(self, context: ExceptionContext) -> None:
        if context.connection is not None and not context.connection.invalidated:
            self._is_answered(context.connection)

    def _rests(self, dbapi_connection: Any, *_: Any) -> None:
        self._waiting.pop(dbapi_connection, None)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._connector.is_silent:
                if await self._connector.is_answered(ANSWER_SECONDS):
                    self._connector.is_silent = False
                    log.info("the database answers again")
            elif self._is_suspicious() and not await self._speaks():
                self._connector.is_silent = True
                self._connector.give_up()
                log.error("the database does not answer: all connections to it are given up")

    def _is_suspicious(self) -> bool:
        """Whether somebody has waited for a while since the server was seen to answer."""
        moment = time.monotonic()
        since = max(min(self._waiting.values(), default=moment), self._answered_at)
        return self._connector.was_kept_waiting or moment - since > SUSPICIOUS_SECONDS

    async def _speaks(self) -> bool:
        for _ in range(TRIES):
            if await self._connector.is_answered(ANSWER_SECONDS):
                self._answered_at = time.monotonic()
                return True
        return False
