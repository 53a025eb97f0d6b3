"""Spans, for those parts of the code that do something worth one.

OpenTelemetry need not be installed: while nothing is collected, each function returns at once.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from blog.core.telemetry.tracing import RequestSpan, Tracing

_NO_SPAN: AbstractContextManager[None] = nullcontext()
_tracing: Tracing | None = None


def use(tracing: Tracing | None) -> None:
    """Make spans by `tracing` in this process from now on; with `None`, stop making them."""
    global _tracing  # noqa: PLW0603
    _tracing = tracing


def span(
    name: str, kind: str, *, parent: str | None = None, **attributes: str | int
) -> AbstractContextManager[None]:
    """A span around what the caller does; an exception makes it a failed one.

    Args:
        name: from a small set.
        kind: the name of one of OpenTelemetry's `SpanKind`.
        parent: the `traceparent` of what has caused it, in another process or at another time; by
            default the current span.
        attributes: their names begin with `broadside.`. Nothing that people have typed, and nothing
            that says who they are.
    """
    return _NO_SPAN if _tracing is None else _tracing.span(name, kind, parent, attributes)


def fail(error: BaseException) -> None:
    """Mark the current span as failed."""
    if _tracing is not None:
        _tracing.fail(error)


def trace_parent() -> str | None:
    """The `traceparent` of the current span (W3C Trace Context, 3.2), to be stored with what it
    causes; `None` if there is none."""
    return None if _tracing is None else _tracing.trace_parent()


def begin_request(parent: str | None, request_id: str) -> RequestSpan | None:
    """Begin the span of a request, in the context of its task.

    Args:
        parent: the `traceparent` of a trusted proxy.
        request_id: of a trusted proxy, or ours: the id of the trace if there is no parent, and it
            can be one. So nginx's id leads to the trace, and nginx need not pretend to have a span.
    """
    return None if _tracing is None else _tracing.begin_request(parent, request_id)


def trace_statements(engine: Engine) -> None:
    """Make a span of each statement that is run within another span."""
    if _tracing is not None:
        _tracing.trace_statements(engine)
