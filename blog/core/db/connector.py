"""Opening connections to PostgreSQL, and giving all of them up when it says nothing any more."""

import os
import socket
import ssl
from typing import Any
from weakref import WeakSet

import asyncpg  # type: ignore[import-untyped]

from blog.core.db.connecting import ParameterError, attempts, may_be_tried_otherwise
from blog.core.db.database_errors import DatabaseUnavailableError

# For each host of the address.
CONNECT_SECONDS = 3
# Of a host that went without a word (a power failure, a cut cable) the kernel would otherwise
# hope to hear again for a quarter of an hour.
SILENCE_SECONDS = 10
FAILURES = (
    OSError,
    ParameterError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Connector:
    """Connects to the first of several hosts that will do, and asks that one first next time.

    asyncpg can try several hosts by itself, but within one limit of time for all of them: a
    host that does not answer would use it up.

    Attributes:
        is_silent: whether the server is known to say nothing (`blog.core.db.silence`). Nobody else
        is
            made to wait for it then.
        was_kept_waiting: whether it took longer than `CONNECT_SECONDS` to answer, the last time.
    """

    def __init__(self) -> None:
        self.is_silent = False
        self.was_kept_waiting = False
        self._best: tuple[Any, Any] | None = None
        self._options: dict[str, Any] = {}
        self._opened: WeakSet[Any] = WeakSet()

    async def connect(self, **options: Any) -> Any:
        """Open a connection.

        Args:
            options: as `core/db/connecting.py` takes them; `host` and `port` may be lists of the
                same length.

        Raises:
            DatabaseUnavailableError: it says why in one line, without the password.
        """
        if self.is_silent:
            raise DatabaseUnavailableError("the database does not answer")
        self._options = options
        connection = await self._open(**options)
        self._opened.add(connection)
        return connection

    async def is_answered(self, seconds: float) -> bool:
        """Whether the server says anything, asked by a new connection like the last one.

        Args:
            seconds: how long to wait for it, for each host and each answer.
        """
        try:
            connection = await self._open(
                **(self._options | {"timeout": seconds, "connect_timeout": 0})
            )
        except DatabaseUnavailableError:
            return not self.was_kept_waiting
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

    def give_up(self) -> None:
        """Close every connection without a word; whoever waits on one is told so at once."""
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
                _limit_silence(connection._transport.get_extra_info("socket"))
                self._best = place
                self.was_kept_waiting = False
                return connection
        self.was_kept_waiting = any(isinstance(cause, TimeoutError) for cause in causes)
        raise DatabaseUnavailableError(
            f"no connection to database {options.get('database')} at {'; '.join(failures)}"
        ) from causes[-1]


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
