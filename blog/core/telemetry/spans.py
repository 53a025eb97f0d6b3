"""Create spans.

OpenTelemetry need not be installed: unless collecting has started, each function returns at once.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from blog.core.telemetry.tracing import RequestSpan, Tracing

_NO_SPAN: AbstractContextManager[None] = nullcontext()
_tracing: Tracing | None = None


def set_tracing(tracing: Tracing | None) -> None:
    """Create spans with `tracing` in this process from now on; `None` stops that."""
    global _tracing  # noqa: PLW0603
    _tracing = tracing


def span(
    name: str, kind: str, *, parent: str | None = None, **attributes: str | int
) -> AbstractContextManager[None]:
    """Open a span around a block; an exception marks it as failed.

    Args:
        name: from a small set.
        kind: the name of one of OpenTelemetry's `SpanKind`.
        parent: the `traceparent` of its cause, in another process or at another time; by default
            the current span.
        attributes: they get the prefix `broadside.`. Nothing that people have typed, or that
            identifies them.
    """
    return _NO_SPAN if _tracing is None else _tracing.span(name, kind, parent, attributes)


def fail(error: BaseException) -> None:
    """Mark the current span as failed."""
    if _tracing is not None:
        _tracing.fail(error)


def trace_parent() -> str | None:
    """The `traceparent` of the current span (W3C Trace Context, 3.2), to store with work that it
    causes; `None` if there is none."""
    return None if _tracing is None else _tracing.trace_parent()


def begin_request(parent: str | None, request_id: str) -> RequestSpan | None:
    """Begin the span of a request, in the context of its task.

    Args:
        parent: the `traceparent` of a trusted proxy.
        request_id: a trusted proxy's, or ours. Without a parent it becomes the id of the trace, if
            its format allows. So nginx's id leads to the trace, and nginx needs no span.
    """
    return None if _tracing is None else _tracing.begin_request(parent, request_id)


def trace_statements(engine: Engine) -> None:
    """Create a span for each statement that is run within another span."""
    if _tracing is not None:
        _tracing.trace_statements(engine)
