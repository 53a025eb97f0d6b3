"""Which traces are kept, and what their spans say."""

import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from blog.core.telemetry.exporting import build_sampler
from blog.core.telemetry.tracing import TraceIds, Tracing

KEPT, DROPPED = "0" * 31 + "1", "f" * 32


def traced(share: float) -> tuple[Tracing, InMemorySpanExporter]:
    """What makes spans, and where those that are kept end up."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider(build_sampler(share), shutdown_on_exit=False, id_generator=TraceIds())
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return Tracing(provider.get_tracer("test")), exporter


@pytest.mark.parametrize(
    ("share", "parent", "is_kept"),
    [
        (0.1, None, True),
        (0.0, None, False),
        (0.1, f"00-{KEPT}-{'2' * 16}-01", True),
        (0.1, f"00-{KEPT}-{'2' * 16}-00", False),
        (0.1, f"00-{DROPPED}-{'2' * 16}-01", False),
        (1.0, f"00-{DROPPED}-{'2' * 16}-01", True),
        (0.1, "nonsense", True),
    ],
)
def test_nobody_makes_the_share_of_kept_traces_larger(
    share: float, parent: str | None, is_kept: bool
) -> None:
    tracing, exporter = traced(share)
    tracing.begin_request(parent, KEPT).end("GET", "/", 200)
    assert len(exporter.get_finished_spans()) == is_kept


def test_an_id_that_is_none_of_a_trace_gets_a_random_one() -> None:
    tracing, exporter = traced(1)
    for request_id in ("short-id", "0" * 32, "-" + "1" * 31, "0x" + "1" * 30):
        tracing.begin_request(None, request_id).end("GET", "/", 200)
    ids = {span.context.trace_id for span in exporter.get_finished_spans() if span.context}
    assert len(ids) == 4
    assert min(ids) > 2**64


def test_of_an_error_a_span_has_only_its_class() -> None:
    tracing, exporter = traced(1)
    with pytest.raises(ValueError, match="secret"), tracing.span("job x", "CONSUMER", None, {}):
        raise ValueError("secret")
    (span,) = exporter.get_finished_spans()
    assert "secret" not in span.to_json()
    assert span.attributes == {"error.type": "ValueError"}
