"""Open connections to PostgreSQL, and terminate those to servers that hang."""

import asyncio
import os
import socket
import ssl
from typing import Any
from weakref import WeakKeyDictionary

import asyncpg

from blog.core.db.connecting import (
    ParameterError,
    connection_attempts,
    may_retry_with_other_tls_mode,
)
from blog.core.db.database_errors import DatabaseUnavailableError

# Per host of the URL.
CONNECT_SECONDS = 3
# Without this limit, a host that disappears (power failure, cut cable) is noticed after 15 minutes.
DEAD_PEER_SECONDS = 10
FAILURES = (
    OSError,
    ParameterError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
# A host and a port, as in the URL.
Place = tuple[Any, Any]


class Connector:
    """Connects to the first suitable host of several, and tries that one first the next time.

    asyncpg 0.32 can try several hosts itself, but with one time limit for all of them, so one that
    doesn't answer uses it up.

    Attributes:
        is_stalled: whether the server is known to hang (`blog.core.db.stall_detection`); connecting
            then fails at once.
        timed_out: whether the last attempt exceeded `CONNECT_SECONDS`.
    """

    def __init__(self) -> None:
        self.is_stalled = False
        self.timed_out = False
        self._best: Place | None = None
        self._options: dict[str, Any] = {}
        self._worst: set[Place] = set()
        self._opened: WeakKeyDictionary[Any, Place] = WeakKeyDictionary()

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
        connection, place = await self._open(**options)
        self._opened[connection] = place
        return connection

    @property
    def places(self) -> set[Place]:
        """The hosts of the URL."""
        return set(_places(**self._options))

    @property
    def places_in_use(self) -> set[Place]:
        """The hosts that connections are open to."""
        return {place for each, place in list(self._opened.items()) if not each.is_closed()}

    async def responds(self, seconds: float) -> bool:
        """Whether one of the hosts responds on a new connection.

        A host that refuses the connection isn't hanging; it counts as a response unless another
        host hangs.

        Args:
            seconds: the time limit for connecting, and for a statement.
        """
        places = _places(**self._options)
        responses = await asyncio.gather(*(self._probe(place, seconds) for place in places))
        return True in responses or False not in responses

    async def hangs(self, place: Place, seconds: float) -> bool:
        """Whether a host doesn't respond on a new connection; refusing it is a response.

        Args:
            place: one of `places_in_use`.
            seconds: as for `responds`.
        """
        return await self._probe(place, seconds) is False

    async def _probe(self, place: Place, seconds: float) -> bool | None:
        """Whether a host responds; `None` if it refuses the connection."""
        options = self._options | {"timeout": seconds, "connect_timeout": 0}
        try:
            connection = await _connect(*place, options)
        except TimeoutError:
            return False
        except FAILURES:
            return None
        try:
            await connection.execute("SELECT 1", timeout=seconds)
        except TimeoutError:
            return False
        except FAILURES:
            return None
        else:
            return True
        finally:
            connection.terminate()

    def terminate(self, *places: Place) -> None:
        """Terminate the connections to some hosts; pending statements fail at once.

        Args:
            places: the hosts. From now on they are tried last.
        """
        if self._best in places:
            self._best = None
        self._worst = set(places)
        for connection, place in list(self._opened.items()):
            if place in places:
                connection.terminate()

    async def _open(self, **options: Any) -> tuple[Any, Place]:
        failures: list[str] = []
        causes: list[Exception] = []
        for place in sorted(_places(**options), key=self._rank):
            try:
                connection = await _connect(*place, options)
            except FAILURES as error:
                causes.append(error)
                where = f"{place[0] or 'localhost'}, port {place[1] or 5432}"
                failures.append(f"{where}: {_reason(error, options)}")
            else:
                _enable_keepalive(connection._transport.get_extra_info("socket"))
                self._best = place
                self._worst.discard(place)
                self.timed_out = False
                return connection, place
        self.timed_out = any(isinstance(cause, TimeoutError) for cause in causes)
        raise DatabaseUnavailableError(
            f"no connection to database {options.get('database')} at {'; '.join(failures)}"
        ) from causes[-1]

    def _rank(self, place: Place) -> int:
        return -1 if place == self._best else int(place in self._worst)


def _places(*, host: Any = None, port: Any = None, **_others: Any) -> list[Place]:
    """Every host with its port."""
    return list(zip(host, port, strict=True)) if isinstance(host, list) else [(host, port)]


async def _connect(host: Any, port: Any, options: dict[str, Any]) -> Any:
    """Connect to one host, with or without TLS according to its parameters."""
    options = {name: value for name, value in options.items() if name not in {"host", "port"}}
    first, *others = connection_attempts(host, port, options)
    try:
        return await asyncpg.connect(**first)
    except (OSError, asyncpg.PostgresError) as error:
        if not others or not may_retry_with_other_tls_mode(error):
            raise
        return await asyncpg.connect(**others[0])


def _enable_keepalive(tcp: socket.socket) -> None:
    """Enable TCP keepalive (tcp(7)), so that the kernel closes a connection to a vanished peer.

    Options that the system lacks are skipped.
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
