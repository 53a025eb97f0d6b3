"""Watching the statements that go to the database: how many a request takes, and which are slow."""

import logging
import time
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from quart import has_request_context, request
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine

log = logging.getLogger(__name__)


@dataclass
class Tally:
    """The statements of one request (or of whatever else set it), and the seconds they took."""

    count: int = 0
    seconds: float = 0.0


tally: ContextVar[Tally | None] = ContextVar("tally", default=None)


def watch(engine: AsyncEngine, slow_seconds: float) -> None:
    """Count the statements of `engine` in the current `tally`, and warn about slow ones.

    Args:
        engine: whose statements to watch.
        slow_seconds: a statement that takes longer is logged with its route. Its parameters
            are logged by type only: they are people's words and secrets.
    """

    def before(_connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any,
               _many: bool) -> None:  # fmt: skip
        context.started = time.perf_counter()

    def after(_connection: Any, _cursor: Any, statement: str, parameters: Any, context: Any,
              _many: bool) -> None:  # fmt: skip
        seconds = time.perf_counter() - context.started
        if (current := tally.get()) is not None:
            current.count += 1
            current.seconds += seconds
        if seconds > slow_seconds:
            route = request.url_rule if has_request_context() else None
            types = ", ".join(type(value).__name__ for value in parameters or ())
            log.warning(
                "slow query: %.3f s in %s: %s (%s)",
                seconds, route or "no request", " ".join(statement.split()), types,
            )  # fmt: skip

    event.listen(engine.sync_engine, "before_cursor_execute", before)
    event.listen(engine.sync_engine, "after_cursor_execute", after)
