"""A database and its sessions: one `Database` an application, one `AsyncSession` a request."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from blog.core.db.connector import Connector
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from blog.core.db.engines import POOL_SIZE, TimeLimits, make_engine
from blog.core.db.silence import SilenceWatch
from blog.core.db.warm_sessions import WarmSessions

# Of ten connections, so many are for what only reads.
READING_PLACES = 4


class Database:
    """A PostgreSQL database: an external one by its address, or an embedded one in a folder.

    What writes may have to wait for somebody's lock. So that it cannot take the places of what
    only reads, each of the two has a pool of its own.

    Args:
        url: address of an external server, `postgresql+asyncpg://…`; `None` for the
            embedded one.
        folder: the embedded server's data.
        pool_size: how many connections there are at the most, in both pools together. They are
            opened when they are needed, and stay: to open one takes longer than to answer many
            requests.
        embedded_options: settings of the embedded server's command line.
        session_info: of each session that may write (`AsyncSession.info`).

    Usage: `await open()`, then `session()` as often as wanted, at the end `await close()`.

    Attributes:
        engine: of sessions that may write.
        reading_engine: of what never waits for a lock for long: it only reads, or writes a row
            that nobody else wants. It has no transactions: each statement stands alone.
        warm_sessions: such as `reading_session()` makes.
        warm_writing_sessions: without transactions too, but on `engine`.
    """

    engine: AsyncEngine
    reading_engine: AsyncEngine
    warm_sessions: WarmSessions
    warm_writing_sessions: WarmSessions

    def __init__(
        self,
        url: str | None,
        folder: Path,
        *,
        pool_size: int = POOL_SIZE,
        embedded_options: dict[str, str] | None = None,
        session_info: dict[str, Any] | None = None,
    ) -> None:
        self._url = url or ""
        self._embedded = None if url else EmbeddedPostgres(folder, embedded_options)
        self._pool_size = pool_size
        self._session_info = session_info
        self._watch: SilenceWatch | None = None

    async def open(self, limits: TimeLimits | None = None) -> None:
        """Start the embedded server if it is wanted, make the engines, and try a connection.

        Args:
            limits: how long statements may take, where somebody waits for each of them. Then it is
                also noticed if the server says nothing any more (`blog.core.db.silence`).

        Raises:
            DatabaseUnavailableError: there is no answer; nothing is left open.
        """
        try:
            # It blocks the event loop, in which nothing else happens yet: so Ctrl-C finds the
            # server either started and held by us, or not started.
            url = self._embedded.start() if self._embedded else self._url
        except EmbeddedPostgresError as error:
            raise DatabaseUnavailableError(str(error)) from error
        connector = Connector()
        for_reading = max(1, self._pool_size * READING_PLACES // 10)
        for_writing = self._pool_size - for_reading
        self.engine = make_engine(url, for_writing, connector=connector, limits=limits)
        self.reading_engine = make_engine(
            url, for_reading, connector=connector, limits=limits
        ).execution_options(isolation_level="AUTOCOMMIT")
        info = self._session_info
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, info=info)
        self._reading_sessions = async_sessionmaker(self.reading_engine, expire_on_commit=False)
        self.warm_sessions = WarmSessions(self.reading_engine)
        self.warm_writing_sessions = WarmSessions(
            self.engine.execution_options(isolation_level="AUTOCOMMIT"), info
        )
        try:
            async with self.engine.connect():
                pass
        except BaseException:
            await self.close()
            raise
        if limits is not None:
            self._watch = SilenceWatch(connector, self.engine, self.reading_engine)
            self._watch.start()

    async def close(self) -> None:
        """Close every connection, and let go of the embedded server."""
        if self._watch is not None:
            await self._watch.stop()
            self._watch = None
        await self.warm_sessions.close()
        await self.warm_writing_sessions.close()
        await self.engine.dispose()
        await self.reading_engine.dispose()
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.stop)

    def session(self) -> AsyncSession:
        """A new session; it takes a connection with its first statement."""
        return self._sessions()

    def reading_session(self) -> AsyncSession:
        """A new session without a transaction: each statement stands alone.

        It sees what another one would see (each statement of a transaction sees its own moment,
        "read committed"), without the two trips to the server that begin and end it.
        """
        return self._reading_sessions()
