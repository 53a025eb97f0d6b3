"""The engine and its sessions: one `Database` an application, one `AsyncSession` a request."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from blog.kit.embedded import EmbeddedPostgres, EmbeddedPostgresError

CONNECT_SECONDS = 5
POOL_SECONDS = 10


class DatabaseUnavailableError(Exception):
    """The database cannot be reached; the message is one line for the operator."""


class Database:
    """A PostgreSQL database: an external one by its address, or an embedded one in a folder.

    Args:
        url: address of an external server, `postgresql+asyncpg://…`; `None` for the
            embedded one.
        folder: the embedded server's data.
        pool_size: connections kept open; as many again are opened under load.
        embedded_options: settings of the embedded server's command line.

    Usage: `await open()`, then `session()` as often as wanted, at the end `await close()`.
    """

    engine: AsyncEngine

    def __init__(
        self,
        url: str | None,
        folder: Path,
        *,
        pool_size: int = 10,
        embedded_options: dict[str, str] | None = None,
    ) -> None:
        self._url = url or ""
        self._embedded = None if url else EmbeddedPostgres(folder, embedded_options)
        self._pool_size = pool_size

    async def open(self) -> None:
        """Start the embedded server if it is wanted, make the engine, and try a connection.

        Raises:
            DatabaseUnavailableError: there is no answer; nothing is left open.
        """
        url = await self._start_embedded(self._embedded) if self._embedded else self._url
        self.engine = create_async_engine(
            url,
            pool_size=self._pool_size,
            max_overflow=self._pool_size,
            pool_timeout=POOL_SECONDS,
            connect_args={
                "timeout": CONNECT_SECONDS,
                # Compiling the plans of short statements costs more than it gains.
                "server_settings": {"application_name": "broadside", "jit": "off"},
            },
        )
        event.listen(self.engine.sync_engine, "checkout", _discard_dead_connection)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        try:
            async with self.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (DBAPIError, OSError) as error:
            await self.close()
            where = self.engine.url.render_as_string(hide_password=True)
            reason = str(error.orig if isinstance(error, DBAPIError) else error) or "no answer"
            reason = reason.rpartition(">: ")[2].splitlines()[0]
            raise DatabaseUnavailableError(f"no database at {where}: {reason}") from error

    async def _start_embedded(self, embedded: EmbeddedPostgres) -> str:
        try:
            return await asyncio.to_thread(embedded.start)
        except EmbeddedPostgresError as error:
            raise DatabaseUnavailableError(str(error)) from error

    async def close(self) -> None:
        """Close every connection, and let go of the embedded server."""
        await self.engine.dispose()
        if self._embedded is not None:
            await asyncio.to_thread(self._embedded.stop)

    def session(self) -> AsyncSession:
        """A new session; it takes a connection with its first statement."""
        return self._sessions()


def _discard_dead_connection(connection: Any, _record: object, _proxy: object) -> None:
    """Replace a pooled connection that the server has closed, before anybody uses it.

    asyncpg sees the socket close at once, so that a restarted database costs no request an
    error, and this costs no statement as `pool_pre_ping` would.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def is_unavailable(error: BaseException) -> bool:
    """Whether `error` means that the database is away, as opposed to unhappy with a statement."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or is_unavailable(error.orig or ValueError())
    if isinstance(error, PoolTimeoutError | OSError):
        return True
    state = getattr(error, "sqlstate", None) or ""
    # 08: connection exception, 53300: too many connections, 57P: shutdown and start-up
    # (PostgreSQL, appendix A, "Error Codes").
    return state.startswith(("08", "57P")) or state == "53300"
