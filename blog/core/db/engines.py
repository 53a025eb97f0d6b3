"""Engines: how they connect, for how long they wait, and how they share connections out."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import AsyncAdaptedQueuePool, ConnectionPoolEntry

from blog.core.db.connector import CONNECT_SECONDS, Connector
from blog.core.db.database_errors import READ_ONLY, DatabaseUnavailableError
from blog.core.db.redaction import keep_values_out_of_errors

POOL_SECONDS = 10
POOL_SIZE = 20


class TimeLimits(NamedTuple):
    """How many seconds PostgreSQL spends on something before it ends it; 0 stands for no limit.

    Attributes:
        statement: for one statement (`statement_timeout`).
        lock: for the wait for one lock (`lock_timeout`).
        idle_in_transaction: for the client, within a transaction
            (`idle_in_transaction_session_timeout`).
    """

    statement: float = 0
    lock: float = 0
    idle_in_transaction: float = 0

    def server_settings(self) -> dict[str, str]:
        """What to tell the server when a connection begins, in milliseconds."""
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        return {
            name: str(round(seconds * 1000))
            for name, seconds in zip(names, self, strict=True)
            if seconds
        }

    @property
    def command_timeout(self) -> float | None:
        """After how many seconds asyncpg gives a statement up: the server should have, before."""
        return self.statement + 2 if self.statement else None


class Pool(AsyncAdaptedQueuePool):
    """A pool that asks for connections that are kept idle before anybody waits for one.

    Attributes:
        on_shortage: called where every connection is taken and one more is wanted.
    """

    on_shortage: Callable[[], None] | None = None

    @property
    def is_exhausted(self) -> bool:
        """Whether every connection is taken."""
        return self.checkedout() >= self.size()

    def recreate(self) -> Self:
        """Another pool like this one, after all connections of this one were closed."""
        pool: Self = super().recreate()  # type: ignore[assignment]
        pool.on_shortage = self.on_shortage
        return pool

    def _do_get(self) -> ConnectionPoolEntry:
        if self.on_shortage is not None and self.is_exhausted:
            self.on_shortage()
        return super()._do_get()


def make_engine(
    url: str,
    pool_size: int = POOL_SIZE,
    *,
    connector: Connector | None = None,
    limits: TimeLimits | None = None,
    **options: Any,
) -> AsyncEngine:
    """An engine whose pool keeps no connection that is of no use any more.

    Args:
        url: the address, as `database_urls.postgresql_url` makes it.
        pool_size: how many connections there are at the most. They are opened when they are
            needed, and stay: to open one takes longer than to answer many requests.
        connector: shared by engines of the same server.
        limits: how long its statements may take; by default as long as they want.
        options: more of what asyncpg's `connect` takes.
    """
    limits = limits or TimeLimits()
    engine = create_async_engine(
        url,
        poolclass=Pool,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        # They are people's words and secrets, and an error's text goes into logs and mails.
        hide_parameters=True,
        connect_args={
            "async_creator_fn": (connector or Connector()).connect,
            "timeout": CONNECT_SECONDS,
            "command_timeout": limits.command_timeout,
            "server_settings": {
                "application_name": "broadside",
                # Compiling the plans of short statements costs more than it gains.
                "jit": "off",
                "timezone": "UTC",
                **limits.server_settings(),
            },
            **options,
        },
    )
    event.listen(engine.sync_engine, "checkout", _discard_dead_connection)
    event.listen(engine.sync_engine, "handle_error", _recognise_standby)
    event.listen(engine.sync_engine, "handle_error", _give_up_the_silent)
    keep_values_out_of_errors(engine.sync_engine)
    return engine


def pool_of(engine: AsyncEngine) -> Pool:
    """The pool of an engine that `make_engine` has made."""
    assert isinstance(engine.pool, Pool)  # noqa: S101
    return engine.pool


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


def _give_up_the_silent(context: ExceptionContext) -> Exception | None:
    """Close a connection on which asyncpg has waited for too long: no other request gets it."""
    if not isinstance(context.original_exception, TimeoutError):
        return None
    context.is_disconnect = True
    context.invalidate_pool_on_disconnect = False
    return DatabaseUnavailableError("the database does not answer")
