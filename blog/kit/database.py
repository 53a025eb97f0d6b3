"""The engine and its sessions: one `Database` an application, one `AsyncSession` a request."""

import asyncio
import os
import socket
import ssl
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import (
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from blog.kit.connecting import ParameterError, attempts, may_be_tried_otherwise
from blog.kit.discretion import keep_values_out_of_errors
from blog.kit.embedded import EmbeddedPostgres, EmbeddedPostgresError
from blog.kit.warm_sessions import WarmSessions

# For each host of the address.
CONNECT_SECONDS = 3
# Of a host that went without a word (a power failure, a cut cable) the kernel would otherwise
# hope to hear again for a quarter of an hour.
SILENCE_SECONDS = 10
POOL_SECONDS = 10
POOL_SIZE = 20
# What a standby answers to a write (PostgreSQL, appendix A, "Error Codes").
READ_ONLY = "25006"


class DatabaseUnavailableError(Exception):
    """The database cannot be reached; the message is one line for the operator."""


class Database:
    """A PostgreSQL database: an external one by its address, or an embedded one in a folder.

    Args:
        url: address of an external server, `postgresql+asyncpg://…`; `None` for the
            embedded one.
        folder: the embedded server's data.
        pool_size: how many connections there are at the most. They are opened when they are
            needed, and stay: to open one takes longer than to answer many requests.
        embedded_options: settings of the embedded server's command line.

    Usage: `await open()`, then `session()` as often as wanted, at the end `await close()`.

    Attributes:
        engine: of all sessions.
        warm_sessions: such as `reading_session()` makes.
    """

    engine: AsyncEngine
    warm_sessions: WarmSessions

    def __init__(
        self,
        url: str | None,
        folder: Path,
        *,
        pool_size: int = POOL_SIZE,
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
        self.engine = make_engine(url, self._pool_size)
        self._sessions = async_sessionmaker(self.engine, expire_on_commit=False)
        reading_engine = self.engine.execution_options(isolation_level="AUTOCOMMIT")
        self._reading_sessions = async_sessionmaker(reading_engine, expire_on_commit=False)
        self.warm_sessions = WarmSessions(self._reading_sessions)
        try:
            async with self.engine.connect():
                pass
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close every connection, and let go of the embedded server."""
        await self.warm_sessions.close()
        await self.engine.dispose()
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


def make_engine(url: str, pool_size: int = POOL_SIZE, **options: Any) -> AsyncEngine:
    """An engine whose pool keeps no connection that is of no use any more.

    Args:
        url: the address, as `database_urls.postgresql_url` makes it.
        pool_size: how many connections there are at the most. They are opened when they are
            needed, and stay: to open one takes longer than to answer many requests.
        options: more of what asyncpg's `connect` takes.
    """
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        # They are people's words and secrets, and an error's text goes into logs and mails.
        hide_parameters=True,
        connect_args={
            "async_creator_fn": _Connector().connect,
            "timeout": CONNECT_SECONDS,
            "server_settings": {
                "application_name": "broadside",
                # Compiling the plans of short statements costs more than it gains.
                "jit": "off",
                "timezone": "UTC",
            },
            **options,
        },
    )
    event.listen(engine.sync_engine, "checkout", _discard_dead_connection)
    event.listen(engine.sync_engine, "handle_error", _recognise_standby)
    keep_values_out_of_errors(engine.sync_engine)
    return engine


class _Connector:
    """Connects to the first of several hosts that will do, and asks that one first next time.

    asyncpg can try several hosts by itself, but within one limit of time for all of them: a
    host that does not answer would use it up.
    """

    def __init__(self) -> None:
        self._best: tuple[Any, Any] | None = None

    async def connect(self, *, host: Any = None, port: Any = None, **options: Any) -> Any:
        """Open a connection.

        Args:
            host, port: those of one host, or lists of the same length.
            options: as `kit/connecting.py` takes them.

        Raises:
            DatabaseUnavailableError: it says why in one line, without the password.
        """
        places = list(zip(host, port, strict=True)) if isinstance(host, list) else [(host, port)]
        failures, cause = [], None
        for place in sorted(places, key=lambda place: place != self._best):
            try:
                connection = await _connect(*place, options)
            except (
                OSError,
                ParameterError,
                asyncpg.PostgresError,
                asyncpg.InterfaceError,
                asyncpg.InternalClientError,
            ) as error:
                cause = error
                where = f"{place[0] or 'localhost'}, port {place[1] or 5432}"
                failures.append(f"{where}: {_reason(error, options)}")
            else:
                _limit_silence(connection._transport.get_extra_info("socket"))
                self._best = place
                return connection
        raise DatabaseUnavailableError(
            f"no connection to database {options.get('database')} at {'; '.join(failures)}"
        ) from cause


async def _connect(host: str | None, port: int | None, options: dict[str, Any]) -> Any:
    """Connect to one host, with or without TLS as its parameters say."""
    first, *others = attempts(host, port, options)
    try:
        return await asyncpg.connect(**first)
    except (OSError, asyncpg.PostgresError) as error:
        if not others or not may_be_tried_otherwise(error):
            raise
        return await asyncpg.connect(**others[0])


def _limit_silence(tcp: socket.socket) -> None:
    """Let the kernel close a connection whose other end is gone without having closed it.

    It asks for a sign of life in every pause (tcp(7)); where the system has fewer options than
    Linux, it does what it can.
    """
    if tcp.family == socket.AF_UNIX:
        return
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in {
        "TCP_KEEPIDLE": SILENCE_SECONDS // 2,
        "TCP_KEEPINTVL": SILENCE_SECONDS // 4,
        "TCP_KEEPCNT": 2,
        "TCP_USER_TIMEOUT": SILENCE_SECONDS * 1000,
    }.items():
        if hasattr(socket, name):
            tcp.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


def _reason(error: Exception, options: dict[str, Any]) -> str:
    """Why there is no connection, in one line."""
    if isinstance(error, asyncpg.exceptions.TargetServerAttributeNotMatched):
        return f"it is not {options['target_session_attrs']}"
    if isinstance(error, ssl.SSLError):
        return f"TLS: {getattr(error, 'verify_message', None) or error.reason or error}"
    if isinstance(error, OSError) and error.errno is not None:
        # Of a name that is not known, the number is negative and not of the system.
        return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    return str(error).partition("\n")[0] or "no answer"


def _discard_dead_connection(connection: Any, _record: object, _proxy: object) -> None:
    """Replace a pooled connection that the server has closed, before anybody uses it.

    asyncpg sees the socket close at once, so that a restarted database costs no request an
    error, and this costs no statement as `pool_pre_ping` would.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _recognise_standby(context: ExceptionContext) -> None:
    """Let go of all connections to a server that takes no writes any more: another one does."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


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


def is_out_of_space(error: BaseException) -> bool:
    """Whether the server could not store something because its disk is full."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "53100"


def refusal(error: DBAPIError) -> str | None:
    """Why the database does not let this role do something, in one line; `None` if it does."""
    state = getattr(error.orig, "sqlstate", None)
    if state == READ_ONLY:
        return "the database takes no writes: it is a standby, or read-only for this role"
    if state == "42501":  # Insufficient privilege; the message names the table or schema.
        message = str(getattr(error.orig, "__cause__", error)).partition("\n")[0]
        return f"the database does not let this role do that: {message}"
    return None


def is_missing_reference(error: BaseException) -> bool:
    """Whether `error` tells of a row that is to refer to another one, which is gone."""
    if not isinstance(error, IntegrityError):
        return False
    # Foreign key violation (PostgreSQL, appendix A, "Error Codes").
    return getattr(error.orig, "sqlstate", None) == "23503"


def is_deadlock(error: BaseException) -> bool:
    """Whether `error` ended a transaction that waited for another one, which waited for it.

    Nothing of it was done, and it may be tried again.
    """
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "40P01"


def is_lock_timeout(error: BaseException) -> bool:
    """Whether `error` ended a statement that had waited for a lock for `lock_timeout`."""
    return isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == "55P03"


def is_schema_mismatch(error: DBAPIError) -> bool:
    """Whether a table or a column that `error` is about does not exist: migrations are missing."""
    return getattr(error.orig, "sqlstate", None) in {"42P01", "42703"}
