"""Watching the statements that go to the database: how many a request takes, and which are slow."""

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
class Tally:
    """The statements of one request (or of whatever else set it), and the seconds they took."""

    count: int = 0
    seconds: float = 0.0

    @property
    def milliseconds(self) -> float:
        return round(self.seconds * 1000, 1)

    def add(self, other: "Tally") -> None:
        """Count those of `other` too: they were waited for."""
        self.count += other.count
        self.seconds += other.seconds


tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


def watch(engine: AsyncEngine, slow_seconds: float) -> None:
    """Count the statements of `engine` in the current `tally`, and warn about slow ones.

    Args:
        engine: whose statements to watch.
        slow_seconds: a statement that takes longer is logged with its route, also if it fails:
            what was cancelled for taking too long is the slowest of all. Its parameters
            are logged by type only: they are people's words and secrets.
    """

    def note(context: Any, statement: str, parameters: Any) -> None:
        seconds = time.perf_counter() - context.started
        context.started = None
        if (current := tally.get()) is not None:
            current.count += 1
            current.seconds += seconds
        if seconds > slow_seconds:
            _warn(seconds, statement, parameters)

    def before(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any,
               _many: bool) -> None:  # fmt: skip
        context.started = time.perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any,
              _many: bool) -> None:  # fmt: skip
        note(context, statement, parameters)

    def failed(error: ExceptionContext) -> None:
        context: Any = error.execution_context
        if getattr(context, "started", None) is not None and error.statement is not None:
            note(context, error.statement, error.parameters)

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
    event.listen(engine.sync_engine, "handle_error", failed)


def _warn(seconds: float, statement: str, parameters: Any) -> None:
    """Log a slow statement. One that inserts many rows is a long text, which is cut."""
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
    """The types of a statement's parameters, or of those of its first row if it has many."""
    values = parameters or ()
    if values and isinstance(values, list):
        values = values[0]
    return [type(value).__name__ for value in values[:MOST_TYPES]]
