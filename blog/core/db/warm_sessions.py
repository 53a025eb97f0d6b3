"""Sessions that stay open for a moment and are reused.

Opening and closing a session on a pooled connection takes as long as reading a row. A session is
kept for about a second at most, so that connections return to the pool, which replaces dead ones.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, NamedTuple

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from blog.core.db.engines import pool_of

LIFE_SECONDS = 1.0
MOST_IDLE = 8


class _Warm(NamedTuple):
    """A session, its asyncpg connection, and when to close it."""

    session: AsyncSession
    connection: Any
    ends_at: float


class WarmSessions:
    """A pool of open sessions.

    When the connection pool is exhausted, idle sessions are closed to free connections.

    Args:
        engine: must be in autocommit mode; otherwise an idle session would keep its transaction
            open.
        info: the `AsyncSession.info` of each session.
    """

    def __init__(self, engine: AsyncEngine, info: dict[str, Any] | None = None) -> None:
        self._engine = engine
        self._open_session = async_sessionmaker(engine, expire_on_commit=False, info=info)
        self._idle: list[_Warm] = []
        self._closing: asyncio.Task[None] | None = None
        self._given_back: set[asyncio.Task[None]] = set()
        pool_of(engine).on_shortage = self._release_idle

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """A session for a few statements; loaded objects are detached afterwards.

        Raises:
            Exception: connecting failed, as in the first statement of an ordinary session.
        """
        warm = await self._take()
        try:
            yield warm.session
        except BaseException:
            await warm.session.close()
            raise
        warm.session.expunge_all()
        # If another session is idle, no request is waiting.
        is_wanted = pool_of(self._engine).is_exhausted and not self._idle
        if is_wanted or len(self._idle) == MOST_IDLE or warm.ends_at < time.monotonic():
            await _close(warm)
            return
        self._idle.append(warm)
        if self._closing is None:
            self._closing = asyncio.create_task(self._close_idle())

    async def _take(self) -> _Warm:
        """The most recently used session whose connection is open, or a new one."""
        while self._idle:
            warm = self._idle.pop()
            if not warm.connection.is_closed():
                return warm
            await warm.session.invalidate()
        session = self._open_session()
        try:
            connection = await (await session.connection()).get_raw_connection()
        except BaseException:
            await session.close()
            raise
        return _Warm(session, connection.driver_connection, time.monotonic() + LIFE_SECONDS)

    def _release_idle(self) -> None:
        if self._idle:
            task = asyncio.create_task(_close(self._idle.pop(0)))
            self._given_back.add(task)
            task.add_done_callback(self._given_back.discard)

    async def _close_idle(self) -> None:
        while self._idle:
            await asyncio.sleep(LIFE_SECONDS)
            moment, idle = time.monotonic(), self._idle
            self._idle = [warm for warm in idle if warm.ends_at > moment]
            for warm in idle:
                if warm.ends_at <= moment:
                    await _close(warm)
        self._closing = None

    async def close(self) -> None:
        """Close all idle sessions."""
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        while self._idle:
            await _close(self._idle.pop())


async def _close(warm: _Warm) -> None:
    # A connection that breaks here has nothing to lose.
    with suppress(DBAPIError):
        await warm.session.close()
