"""Sessions for reading that stay open for a moment, for whoever reads next.

To open a session on a pooled connection, and to close it, takes as long as to read a row with it.
None is kept for more than about a second, so that the pool, which replaces the connections that
are of no use any more, soon sees each of them again.
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
    """A session with asyncpg's connection below it, and when it is to be closed."""

    session: AsyncSession
    connection: Any
    ends_at: float


class WarmSessions:
    """Sessions, each for one reader at a time.

    Whoever would have to wait for a connection is given one that is idle here.

    Args:
        engine: has no transactions, in one of which a session would stay.
        info: of each session (`AsyncSession.info`).
    """

    def __init__(self, engine: AsyncEngine, info: dict[str, Any] | None = None) -> None:
        self._engine = engine
        self._open_session = async_sessionmaker(engine, expire_on_commit=False, info=info)
        self._idle: list[_Warm] = []
        self._closing: asyncio.Task[None] | None = None
        self._given_back: set[asyncio.Task[None]] = set()
        pool_of(engine).on_shortage = self._give_one_back

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """One for a few statements; what they have loaded is detached from it afterwards.

        Raises:
            Exception: there is no connection, as the session's first statement would have it.
        """
        warm = await self._take()
        try:
            yield warm.session
        except BaseException:
            await warm.session.close()
            raise
        warm.session.expunge_all()
        # If one is idle already, nobody waits: it would have been taken.
        is_wanted = pool_of(self._engine).is_exhausted and not self._idle
        if is_wanted or len(self._idle) == MOST_IDLE or warm.ends_at < time.monotonic():
            await _close(warm)
            return
        self._idle.append(warm)
        if self._closing is None:
            self._closing = asyncio.create_task(self._close_idle())

    async def _take(self) -> _Warm:
        """The one that was used last, unless the server has closed its connection."""
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

    def _give_one_back(self) -> None:
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
        """Close all that are idle."""
        if self._closing is not None:
            self._closing.cancel()
            self._closing = None
        while self._idle:
            await _close(self._idle.pop())


async def _close(warm: _Warm) -> None:
    # If the connection breaks at this moment, nothing is lost with it.
    with suppress(DBAPIError):
        await warm.session.close()
