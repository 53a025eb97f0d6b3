"""Detect a database server that hangs while its connections stay open.

A server whose processes are stopped, or whose disk hangs, closes no connections, so every request
would wait for its statement timeout. When a statement runs for a while, the server is therefore
probed on a separate connection. If the probe is not answered either, all connections to it are
terminated. If no other host of the URL answers, requests fail at once until one does.
"""

import asyncio
import logging
import time
from contextlib import suppress
from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from blog.core.db.connector import Connector, Place

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.5
# How long a statement runs before the server is probed.
SUSPICIOUS_SECONDS = 1.0
ANSWER_SECONDS = 2.0
# A single late answer may mean that this process got no CPU time.
TRIES = 2


class StallDetector:
    """Monitors the statements of some engines of the same server.

    Args:
        connector: opens their connections.
        engines: the engines to monitor.

    Usage: `start()`, finally `await stop()`.
    """

    def __init__(self, connector: Connector, *engines: AsyncEngine) -> None:
        self._connector = connector
        # When each waiting connection sent its statement.
        self._waiting: dict[Any, float] = {}
        self._answered_at = 0.0
        for engine in engines:
            event.listen(engine.sync_engine, "before_cursor_execute", self._on_send)
            event.listen(engine.sync_engine, "after_cursor_execute", self._on_answer)
            event.listen(engine.sync_engine, "commit", self._on_send)
            event.listen(engine.sync_engine, "handle_error", self._on_error)
            for name in ("checkin", "detach", "close", "close_detached"):
                event.listen(engine.sync_engine, name, self._on_release)

    def start(self) -> None:
        """Start monitoring."""
        self._task = asyncio.create_task(self._monitor())

    async def stop(self) -> None:
        """Stop monitoring."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def _on_send(self, connection: Connection, *_: Any) -> None:
        self._waiting[connection.connection.dbapi_connection] = time.monotonic()

    def _on_answer(self, connection: Connection, *_: Any) -> None:
        self._waiting.pop(connection.connection.dbapi_connection, None)

    def _on_error(self, context: ExceptionContext) -> None:
        if context.connection is not None and not context.connection.invalidated:
            self._on_answer(context.connection)

    def _on_release(self, dbapi_connection: Any, *_: Any) -> None:
        self._waiting.pop(dbapi_connection, None)

    async def _monitor(self) -> None:
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if self._connector.is_stalled:
                if await self._connector.responds(ANSWER_SECONDS):
                    self._connector.is_stalled = False
                    log.info("the database answers again")
            elif self._is_suspicious():
                await self._probe()

    def _is_suspicious(self) -> bool:
        """Whether a statement has waited for a while since the server last answered."""
        now = time.monotonic()
        since = max(min(self._waiting.values(), default=now), self._answered_at)
        return self._connector.timed_out or now - since > SUSPICIOUS_SECONDS

    async def _probe(self) -> None:
        """Terminate the connections to hosts that do not answer."""
        places = self._connector.places_in_use
        hang = await asyncio.gather(*(self._hangs(place) for place in places))
        silent = [place for place, hangs in zip(places, hang, strict=True) if hangs]
        if places and not silent:
            self._answered_at = time.monotonic()
            return
        # If there is no other host, requests fail at once instead of opening connections that hang
        # too.
        self._connector.is_stalled = self._connector.places <= set(silent)
        self._connector.terminate(*silent)
        if not self._connector.is_stalled:
            self._connector.is_stalled = not await self._connector.responds(ANSWER_SECONDS)
        where = ", ".join(f"{host or 'localhost'}:{port or 5432}" for host, port in silent)
        if self._connector.is_stalled:
            log.error("the database does not answer: all connections to it were terminated")
        elif where:
            log.error("the database does not answer at %s, but elsewhere", where)

    async def _hangs(self, place: Place) -> bool:
        for _ in range(TRIES):
            if not await self._connector.hangs(place, ANSWER_SECONDS):
                return False
        return True
