"""The database and its sessions: one `Database` per application, one `AsyncSession` per request."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from blog.core.db.connector import Connector
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from blog.core.db.engines import POOL_SIZE, TimeLimits, make_engine
from blog.core.db.stall_detection import StallDetector

# The share of connections for reading, in tenths.
READING_TENTHS = 4
# Connections to `direct_url`: listeners are detached from the pool, and migrations need one.
DIRECT_POOL_SIZE = 2


class Database:
    """A PostgreSQL database: an external one by its URL, or an embedded one in a folder.

    Writes may have to wait for locks. So reads have their own connection pool, which waiting writes
    can't exhaust.

    Args:
        url: the URL of an external server, `postgresql+asyncpg://…`; `None` for the embedded one.
        folder: the data directory of the embedded server.
        pool_size: the maximum number of connections in both pools together. They are opened on
            demand and kept, because opening one takes longer than many requests.
        embedded_options: settings for the embedded server's command line.
        session_info: the `AsyncSession.info` of sessions that may write.
        direct_url: the same database without the connection pooler, if `url` leads to one that may
            use another connection for each transaction (PgBouncer, `pool_mode = transaction`).

    Usage: `await open()`, then `session()` any number of times, finally `await close()`.

    Attributes:
        engine: for sessions that may write.
        reading_engine: in autocommit mode, for statements that never wait long for a lock: reads,
            and writes to rows without contention.
        direct_engine: for statements that need a session of their own on the server: `LISTEN`,
            session locks, `SET`. It is `engine`, unless there is a `direct_url`.
    """

    engine: AsyncEngine
    reading_engine: AsyncEngine
    direct_engine: AsyncEngine

    def __init__(
        self,
        url: str | None,
        folder: Path,
        *,
        pool_size: int = POOL_SIZE,
        embedded_options: dict[str, str] | None = None,
        session_info: dict[str, Any] | None = None,
        direct_url: str | None = None,
    ) -> None:
        self._url = url or ""
        self._direct_url = direct_url
        self._embedded = None if url else EmbeddedPostgres(folder, embedded_options)
        self._pool_size = pool_size
        self._session_info = session_info
        self._watch: StallDetector | None = None

    async def open(self, limits: TimeLimits | None = None) -> None:
        """Start the embedded server if there is one, create the engines, and test a connection.

        Args:
            limits: time limits for statements. They also enable the detection of a hanging server
                (`blog.core.db.stall_detection`).

        Raises:
            DatabaseUnavailableError: the server does not answer; nothing is left open.
        """
        try:
            # Deliberately blocks the event loop, which is still idle: on Ctrl-C the server is
            # either started and locked by this process, or not started.
            url = self._embedded.start() if self._embedded else self._url
        except EmbeddedPostgresError as error:
            raise DatabaseUnavailableError(str(error)) from error
        connector = Connector()
        for_reading = max(1, self._pool_size * READING_TENTHS // 10)
        for_writing = self._pool_size - for_reading
        self.engine = make_engine(url, for_writing, connector=connector, limits=limits)
        self.reading_engine = make_engine(
            url, for_reading, connector=connector, limits=limits, autocommit=True
        )
        self.direct_engine = self.engine
        if self._direct_url is not None:
            self.direct_engine = make_engine(self._direct_url, DIRECT_POOL_SIZE, limits=limits)
        info = self._session_info
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False, info=info)
        self._reading_sessions = async_sessionmaker(self.reading_engine, expire_on_commit=False)
        self._autocommit_sessions = async_sessionmaker(
            self.engine.execution_options(isolation_level="AUTOCOMMIT"),
            expire_on_commit=False,
            info=info,
        )
        try:
            async with self.engine.connect():
                pass
        except BaseException:
            await self.close()
            raise
        if limits is not None:
            self._watch = StallDetector(connector, self.engine, self.reading_engine)
            self._watch.start()

    async def close(self) -> None:
        """Close every connection, and release the embedded server."""
        if self._watch is not None:
            await self._watch.stop()
            self._watch = None
        await self.engine.dispose()
        await self.reading_engine.dispose()
        await self.direct_engine.dispose()
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.stop)

    def session(self) -> AsyncSession:
        """A new session; it checks out a connection at its first statement."""
        return self._sessions()

    def reading_session(self) -> AsyncSession:
        """A new session in autocommit mode.

        It sees the same as a transaction, since in "read committed" each statement has its own
        snapshot, and it saves the round trips for BEGIN and COMMIT.
        """
        return self._reading_sessions()

    def autocommit_session(self) -> AsyncSession:
        """A new session that may write, each statement in a transaction of its own."""
        return self._autocommit_sessions()
