"""Engines: connecting, time limits and pooling."""

from typing import Any, NamedTuple

from sqlalchemy import event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from blog.core.db.connector import CONNECT_SECONDS, Connector
from blog.core.db.database_errors import READ_ONLY, DatabaseUnavailableError
from blog.core.db.redaction import redact_errors
from blog.core.telemetry import spans

POOL_SECONDS = 10
POOL_SIZE = 20


class TimeLimits(NamedTuple):
    """PostgreSQL's time limits, in seconds; 0 is no limit.

    Attributes:
        statement: `statement_timeout`.
        lock: `lock_timeout`.
        idle_in_transaction: `idle_in_transaction_session_timeout`.
    """

    statement: float = 0
    lock: float = 0
    idle_in_transaction: float = 0

    def server_settings(self) -> dict[str, str]:
        """The server settings of a new connection, in milliseconds, whatever the role's are."""
        names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
        return {name: str(round(seconds * 1000)) for name, seconds in zip(names, self, strict=True)}

    @property
    def command_timeout(self) -> float | None:
        """When asyncpg gives up on a statement, in seconds: after the server should have."""
        return self.statement + 2 if self.statement else None


def make_engine(
    url: str,
    pool_size: int = POOL_SIZE,
    *,
    connector: Connector | None = None,
    limits: TimeLimits | None = None,
    autocommit: bool = False,
    **options: Any,
) -> AsyncEngine:
    """Create an engine whose pool discards dead connections.

    Args:
        url: the URL, as `database_urls.postgresql_url` returns it.
        pool_size: the maximum number of connections. They are opened on demand and kept open,
            because opening one takes longer than many requests.
        connector: shared by engines of the same server.
        limits: the time limits of statements; by default none.
        autocommit: whether each statement is a transaction of its own.
        options: further arguments of `asyncpg.connect`.
    """
    limits = limits or TimeLimits()
    engine = create_async_engine(
        url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        # Parameters are private, and error messages go into logs and mails.
        hide_parameters=True,
        isolation_level="AUTOCOMMIT" if autocommit else None,
        connect_args={
            "async_creator_fn": (connector or Connector()).connect,
            "timeout": CONNECT_SECONDS,
            "command_timeout": limits.command_timeout,
            "server_settings": {
                "application_name": "broadside",
                # JIT compilation costs more than it gains for short statements.
                "jit": "off",
                "timezone": "UTC",
                **limits.server_settings(),
            },
            **options,
        },
    )
    event.listen(engine.sync_engine, "checkout", _discard_dead_connection)
    event.listen(engine.sync_engine, "handle_error", _recognise_standby)
    event.listen(engine.sync_engine, "handle_error", _discard_timed_out_connection)
    redact_errors(engine.sync_engine)
    spans.trace_statements(engine.sync_engine)
    return engine


def _discard_dead_connection(connection: Any, _record: object, _proxy: object) -> None:
    """Replace a pooled connection that the server has closed, before it is used.

    asyncpg notices a closed socket at once, so no request fails after a restart of the database,
    and unlike `pool_pre_ping` this needs no statement.
    """
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _recognise_standby(context: ExceptionContext) -> None:
    """Discard all connections to a server that has become read-only, because after a failover
    another host is the primary."""
    if getattr(context.original_exception, "sqlstate", None) == READ_ONLY:
        context.is_disconnect = True


def _discard_timed_out_connection(context: ExceptionContext) -> Exception | None:
    """Discard a connection whose statement timed out, so that no other request gets it."""
    if not isinstance(context.original_exception, TimeoutError):
        return None
    context.is_disconnect = True
    context.invalidate_pool_on_disconnect = False
    return DatabaseUnavailableError("the database does not answer")
