"""The engine and its sessions: one `Database` an application, one `AsyncSession` a request."""

import asyncio
import os
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from blog.kit.discretion import keep_values_out_of_errors
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
        try:
            # It blocks the event loop, in which nothing else happens yet: so Ctrl-C finds the
            # server either started and held by us, or not started.
            url = self._embedded.start() if self._embedded else self._url
        except EmbeddedPostgresError as error:
            raise DatabaseUnavailableError(str(error)) from error
        self.engine = create_async_engine(
            url,
            pool_size=self._pool_size,
            max_overflow=self._pool_size,
            pool_timeout=POOL_SECONDS,
            # They are people's words and secrets, and an error's text goes into logs and mails.
            hide_parameters=True,
            connect_args={
                "timeout": CONNECT_SECONDS,
                "server_settings": {
                    "application_name": "broadside",
                    # Compiling the plans of short statements costs more than it gains.
                    "jit": "off",
                    "timezone": "UTC",
                },
            },
        )
        event.listen(self.engine.sync_engine, "do_connect", _connect)
        event.listen(self.engine.sync_engine, "checkout", _discard_dead_connection)
        keep_values_out_of_errors(self.engine.sync_engine)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        try:
            async with self.engine.connect():
                pass
        except BaseException:
            await self.close()
            raise

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


def _connect(
    dialect: Dialect, _record: object, arguments: tuple[Any, ...], options: dict[str, Any]
) -> DBAPIConnection:
    """Connect as SQLAlchemy does, and say in one line why that failed, without the password."""
    try:
        return dialect.connect(*arguments, **options)
    except (dialect.loaded_dbapi.Error, OSError) as error:
        reason = str(error).partition("\n")[0] or "no answer"
        if isinstance(error, OSError) and error.errno is not None:
            # Of a name that is not known, the number is negative and not of the system.
            reason = os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
        host, port = options.get("host", "localhost"), options.get("port", 5432)
        where = f"database {options.get('database')} at {host}, port {port}"
        raise DatabaseUnavailableError(f"no connection to {where}: {reason}") from error


def is_unavailable(error: BaseException) -> bool:
    """Whether `error` means that the database is away, as opposed to unhappy with a statement."""
    if isinstance(error, DatabaseUnavailableError | PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None) or ""
    # 08: connection exception, 53300: too many connections, 57P: shutdown and start-up
    # (PostgreSQL, appendix A, "Error Codes").
    return state.startswith(("08", "57P")) or state == "53300"


def is_schema_mismatch(error: DBAPIError) -> bool:
    """Whether a table or a column that `error` is about does not exist: migrations are missing."""
    return getattr(error.orig, "sqlstate", None) in {"42P01", "42703"}
