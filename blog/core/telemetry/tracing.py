"""Spans by OpenTelemetry's API.

Its own instrumentations are not used. The one for ASGI puts the URL of a page, which may contain a
token, and the client's address into spans; the one for SQLAlchemy begins a trace for each statement
of background loops; the one for asyncpg misses prepared statements, and SQLAlchemy uses no others.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from opentelemetry import context as contexts
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    INVALID_TRACE_ID,
    Span,
    SpanKind,
    StatusCode,
    Tracer,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.types import AttributeValue
from sqlalchemy import Engine, ExceptionContext, event

LONGEST_STATEMENT = 2000
SERVER_ERROR = 500
# As nginx writes the id of a request.
TRACE_ID = re.compile("[0-9a-f]{32}")

_wanted_trace_id: ContextVar[int] = ContextVar("wanted_trace_id", default=INVALID_TRACE_ID)
_propagator = TraceContextTextMapPropagator()


class TraceIds(RandomIdGenerator):
    """Random ids, except for the trace of a request."""

    def generate_trace_id(self) -> int:
        """The id of the request, if it can be that of a trace."""
        return _wanted_trace_id.get() or super().generate_trace_id()


class RequestSpan:
    """The span of a request."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def end(self, method: str, route: str, status: int, **facts: str | int | float) -> None:
        """End the span with the response.

        Args:
            method, route: from small sets; the route has no parameter values.
            status: the status of the response.
            facts: further attributes, which get the prefix `broadside.`.
        """
        self._span.update_name(f"{method} {route}")
        self._span.set_attribute("http.request.method", method)
        self._span.set_attribute("http.route", route)
        self._span.set_attribute("http.response.status_code", status)
        self._span.set_attributes(_prefix_names(facts))
        if status >= SERVER_ERROR:
            self._span.set_status(StatusCode.ERROR)
        self._span.end()


class Tracing:
    """Creates spans; `blog.core.telemetry.spans` describes the functions.

    Args:
        tracer: of a provider whose ids are `TraceIds`.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def span(
        self, name: str, kind: str, parent: str | None, attributes: Mapping[str, str | int]
    ) -> Iterator[None]:
        """Open a span around a block."""
        with self._tracer.start_as_current_span(
            name,
            _remote_context(parent) if parent else None,
            SpanKind[kind],
            _prefix_names(attributes),
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except BaseException as error:
                _fail(span, error)
                raise

    def fail(self, error: BaseException) -> None:
        """Mark the current span as failed."""
        _fail(get_current_span(), error)

    def trace_parent(self) -> str | None:
        """The `traceparent` of the current span."""
        carrier: dict[str, str] = {}
        _propagator.inject(carrier)
        return carrier.get("traceparent")

    def begin_request(self, parent: str | None, request_id: str) -> RequestSpan:
        """Begin the span of a request."""
        fits = TRACE_ID.fullmatch(request_id)
        before = _wanted_trace_id.set(int(request_id, 16) if fits else INVALID_TRACE_ID)
        span = self._tracer.start_span("request", _remote_context(parent), SpanKind.SERVER)
        _wanted_trace_id.reset(before)
        contexts.attach(set_span_in_context(span))
        return RequestSpan(span)

    def trace_statements(self, engine: Engine) -> None:
        """Create a span for each statement that is run within another span."""
        event.listen(engine, "before_cursor_execute", self._begin_statement)
        event.listen(engine, "after_cursor_execute", _end_statement)
        event.listen(engine, "handle_error", _end_failed_statement)

    def _begin_statement(
        self, _connection: Any, _cursor: Any, statement: str, _parameters: Any, context: Any,
        _many: bool,
    ) -> None:  # fmt: skip
        context.span = None
        if get_current_span().is_recording():
            text = " ".join(statement.split())
            verb = text.partition(" ")[0].upper()
            attributes = {
                "db.system.name": "postgresql",
                "db.operation.name": verb,
                "db.query.text": text[:LONGEST_STATEMENT],
            }
            context.span = self._tracer.start_span(verb, None, SpanKind.CLIENT, attributes)


def _end_statement(
    _connection: Any, _cursor: Any, _statement: str, _parameters: Any, context: Any, _many: bool
) -> None:
    if context.span is not None:
        context.span.end()
        context.span = None


def _end_failed_statement(error: ExceptionContext) -> None:
    context: Any = error.execution_context
    if (span := getattr(context, "span", None)) is not None:
        _fail(span, error.original_exception)
        span.end()
        context.span = None


def _fail(span: Span, error: BaseException) -> None:
    """Mark a span as failed, with the class of the error but not its text, which may be private."""
    span.set_attribute("error.type", type(error).__name__)
    span.set_status(StatusCode.ERROR)


def _prefix_names(facts: Mapping[str, str | int | float]) -> dict[str, AttributeValue]:
    return {f"broadside.{name}": value for name, value in facts.items()}


def _remote_context(parent: str | None) -> contexts.Context:
    """The context of a span in another process; empty without a valid `traceparent`."""
    carrier = {} if parent is None else {"traceparent": parent}
    return _propagator.extract(carrier, contexts.Context())
