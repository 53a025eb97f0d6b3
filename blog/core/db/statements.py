"""Count the statements of each request, and log slow ones."""

import logging
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from quart import has_request_context, request
from sqlalchemy import ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger(__name__)

LONGEST_STATEMENT = 2000
MOST_TYPES = 50


@dataclass
class QueryStats:
    """The number of statements of a request, or of another task, and their duration in seconds."""

    count: int = 0
    seconds: float = 0.0

    @property
    def milliseconds(self) -> float:
        return round(self.seconds * 1000, 1)

    def add(self, other: "QueryStats") -> None:
        """Add the statements of a shared query."""
        self.count += other.count
        self.seconds += other.seconds


query_stats: ContextVar[QueryStats | None] = ContextVar("query_stats", default=None)


def watch(engine: AsyncEngine, slow_seconds: float) -> None:
    """Count the statements of `engine` in the current `query_stats`, and log slow ones.

    Args:
        engine: the engine to monitor.
        slow_seconds: a statement that takes longer is logged with its route, even if it fails,
            since cancelled statements are the slowest. Of its parameters only the types are logged,
            because the values are private.
    """

    def record(context: Any, statement: str, parameters: Any) -> None:
        seconds = time.perf_counter() - context.started
        context.started = None
        if (current := query_stats.get()) is not None:
            current.count += 1
            current.seconds += seconds
        if seconds > slow_seconds:
            _warn(seconds, statement, parameters)

    def before(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any,
               _many: bool) -> None:  # fmt: skip
        context.started = time.perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any,
              _many: bool) -> None:  # fmt: skip
        record(context, statement, parameters)

    def failed(error: ExceptionContext) -> None:
        context: Any = error.execution_context
        if getattr(context, "started", None) is not None and error.statement is not None:
            record(context, error.statement, error.parameters)

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    event.listen(engine.sync_engine, "handle_error", failed)


def _warn(seconds: float, statement: str, parameters: Any) -> None:
    """Log a slow statement, truncated, because an insert of many rows is a long text."""
    rule = request.url_rule if has_request_context() else None
    facts = {
        "seconds": round(seconds, 3),
        "route": str(rule or "no request"),
        "statement": " ".join(statement.split())[:LONGEST_STATEMENT],
        "parameter_types": ", ".join(_types(parameters)),
    }
    log.warning(
        "slow query: %(seconds).3f s in %(route)s: %(statement)s (%(parameter_types)s)",
        facts,
        extra=facts,
    )


def _types(parameters: Any) -> list[str]:
    """The types of a statement's parameters; of the first row if there are many."""
    values = parameters or ()
    if values and isinstance(values, list):
        values = values[0]
    return [type(value).__name__ for value in values[:MOST_TYPES]]
