"""Open connections to PostgreSQL, and terminate all of them when the server hangs."""

import os
import socket
import ssl
from typing import Any
from weakref import WeakSet

import asyncpg  # type: ignore[import-untyped]

from blog.core.db.connecting import (
    ParameterError,
    connection_attempts,
    may_retry_with_other_tls_mode,
)
from blog.core.db.database_errors import DatabaseUnavailableError

# Per host of the URL.
CONNECT_SECONDS = 3
# A host that disappears (power failure, cut cable) would otherwise be noticed after 15 minutes.
DEAD_PEER_SECONDS = 10
FAILURES = (
    OSError,
    ParameterError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Connector:
    """Connects to the first suitable one of several hosts, and tries that one first next time.

    asyncpg 0.32 can try several hosts itself, but with one time limit for all of them, which a host
    that does not answer uses up.

    Attributes:
        is_stalled: whether the server is known to hang (`blog.core.db.stall_detection`); connecting
            then fails at once.
        timed_out: whether the last attempt exceeded `CONNECT_SECONDS`.
    """

    def __init__(self) -> None:
        self.is_stalled = False
        self.timed_out = False
        self._best: tuple[Any, Any] | None = None
        self._options: dict[str, Any] = {}
        self._opened: WeakSet[Any] = WeakSet()

    async def connect(self, **options: Any) -> Any:
        """Open a connection.

        Args:
            options: parameters for `core/db/connecting.py`; `host` and `port` may be lists of the
                same length.

        Raises:
            DatabaseUnavailableError: with the reason in one line, without the password.
        """
        if self.is_stalled:
            raise DatabaseUnavailableError("the database does not answer")
        self._options = options
        connection = await self._open(**options)
        self._opened.add(connection)
        return connection

    async def responds(self, seconds: float) -> bool:
        """Whether the server responds on a new connection.

        Args:
            seconds: the time limit per host and statement.
        """
        try:
            connection = await self._open(
                **(self._options | {"timeout": seconds, "connect_timeout": 0})
            )
        except DatabaseUnavailableError:
            return not self.timed_out
        try:
            await connection.execute("SELECT 1", timeout=seconds)
        except TimeoutError:
            return False
        except FAILURES:
            return True
        else:
            return True
        finally:
            connection.terminate()

    def terminate_all(self) -> None:
        """Terminate every connection; pending statements fail at once."""
        for connection in list(self._opened):
            connection.terminate()

    async def _open(self, *, host: Any = None, port: Any = None, **options: Any) -> Any:
        places = list(zip(host, port, strict=True)) if isinstance(host, list) else [(host, port)]
        failures: list[str] = []
        causes: list[Exception] = []
        for place in sorted(places, key=lambda place: place != self._best):
            try:
                connection = await _connect(*place, options)
            except FAILURES as error:
                causes.append(error)
                where = f"{place[0] or 'localhost'}, port {place[1] or 5432}"
                failures.append(f"{where}: {_reason(error, options)}")
            else:
                _enable_keepalive(connection._transport.get_extra_info("socket"))
                self._best = place
                self.timed_out = False
                return connection
        self.timed_out = any(isinstance(cause, TimeoutError) for cause in causes)
        raise DatabaseUnavailableError(
            f"no connection to database {options.get('database')} at {'; '.join(failures)}"
        ) from causes[-1]


async def _connect(host: str | None, port: int | None, options: dict[str, Any]) -> Any:
    """Connect to one host, with or without TLS according to its parameters."""
    first, *others = connection_attempts(host, port, options)
    try:
        return await asyncpg.connect(**first)
    except (OSError, asyncpg.PostgresError) as error:
        if not others or not may_retry_with_other_tls_mode(error):
            raise
        return await asyncpg.connect(**others[0])


def _enable_keepalive(tcp: socket.socket) -> None:
    """Enable TCP keepalive, so that the kernel closes a connection whose peer has disappeared.

    See tcp(7). Options that the system lacks are skipped.
    """
    if tcp.family == socket.AF_UNIX:
        return
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in {
        "TCP_KEEPIDLE": DEAD_PEER_SECONDS // 2,
        "TCP_KEEPINTVL": DEAD_PEER_SECONDS // 4,
        "TCP_KEEPCNT": 2,
        "TCP_USER_TIMEOUT": DEAD_PEER_SECONDS * 1000,
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
        # Errors of name resolution have negative numbers, which os.strerror does not know.
        return os.strerror(error.errno) if error.errno > 0 else str(error.strerror)
    return str(error).partition("\n")[0] or "no answer"
