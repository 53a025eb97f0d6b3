"""A collector of OpenTelemetry (OTLP/HTTP) on this machine, which keeps what it gets."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


class ReceivedSpan(NamedTuple):
    """A span, with ids in hexadecimal digits; `parent` is empty if it has none."""

    trace: str
    id: str
    parent: str
    name: str
    kind: int
    attributes: dict[str, Any]
    has_failed: bool


@dataclass
class Collector:
    """What it was sent.

    Attributes:
        status: what it answers.
        released: it answers nothing until this is set.
        bodies: the requests, by their path.
        headers: of the last request.
    """

    status: int = 200
    released: threading.Event = field(default_factory=threading.Event)
    bodies: list[tuple[str, bytes]] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    url: str = ""

    def spans(self) -> list[ReceivedSpan]:
        """All spans, decoded."""
        return [
            ReceivedSpan(
                span.trace_id.hex(),
                span.span_id.hex(),
                span.parent_span_id.hex(),
                span.name,
                span.kind,
                {each.key: _value(each.value) for each in span.attributes},
                span.status.code == span.status.STATUS_CODE_ERROR,
            )
            for path, body in self.bodies
            if path == "/v1/traces"
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]

    def metrics(self) -> dict[str, Any]:
        """The last values of all metrics, by name."""
        return {
            metric.name: metric
            for path, body in self.bodies
            if path == "/v1/metrics"
            for resource in ExportMetricsServiceRequest.FromString(body).resource_metrics
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


def _value(value: Any) -> Any:
    return getattr(value, value.WhichOneof("value"))


@contextmanager
def collecting(*, status: int = 200, hangs: bool = False) -> Iterator[Collector]:
    """Run a collector on a free port.

    Args:
        status: what it answers.
        hangs: whether it accepts requests and answers nothing.
    """
    collector = Collector(status)
    if not hangs:
        collector.released.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            collector.bodies.append((self.path, body))
            collector.headers = {name.lower(): value for name, value in self.headers.items()}
            collector.released.wait()
            self.send_response(collector.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    collector.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield collector
    finally:
        collector.released.set()
        server.shutdown()
        thread.join()
        server.server_close()
