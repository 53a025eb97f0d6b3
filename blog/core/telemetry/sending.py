"""Send data to the collector, and log one line when it stops accepting it."""

import logging
import time
from collections.abc import Sequence

from opentelemetry.exporter.otlp.proto.http import metric_exporter, trace_exporter
from opentelemetry.sdk.metrics.export import MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

log = logging.getLogger(__name__)

LONGEST_REASON = 300
# How long one batch is tried, in seconds, with pauses between the attempts.
TRIED_SECONDS = 10.0
# How often the log says that the collector is too slow.
OVERFLOW_SECONDS = 600.0


class _Watch:
    """Logs when one kind of data is no longer accepted, and when it is again.

    The exporters log each attempt to send a batch, and raise nothing. Their lines are suppressed,
    and the last one is the reason in ours.

    Args:
        what: the kind of data, and its destination.
        exporter: the name of the exporter's logger.
    """

    def __init__(self, what: str, exporter: str) -> None:
        self._what = what
        self._reason = ""
        self.is_failing = False
        logging.getLogger(exporter).setLevel(logging.WARNING)
        logging.getLogger(exporter).addFilter(self._keep_reason)

    def _keep_reason(self, record: logging.LogRecord) -> bool:
        self._reason = record.getMessage()[:LONGEST_REASON]
        return False

    def record(self, accepted: bool) -> None:
        """Log a change."""
        if not accepted and not self.is_failing:
            log.warning("%s are dropped for now: %s", self._what, self._reason)
        elif accepted and self.is_failing:
            log.info("%s are accepted again", self._what)
        self.is_failing = not accepted


class Collector:
    """The collector that traces and metrics are sent to; it may refuse either.

    Args:
        url: its base URL; OTLP/HTTP has a path below it for each kind of data.
        headers: sent with each request, such as a key.
    """

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._spans_watch = _Watch(f"traces for {url}", trace_exporter.__name__)
        self._metrics_watch = _Watch(f"metrics for {url}", metric_exporter.__name__)
        self._next_overflow_report = 0.0
        queue = logging.getLogger("opentelemetry.sdk._shared_internal")
        queue.setLevel(logging.WARNING)
        queue.addFilter(self._report_overflow)
        self._spans = trace_exporter.OTLPSpanExporter(
            f"{url}/v1/traces", headers=headers, timeout=TRIED_SECONDS
        )
        self._metrics = metric_exporter.OTLPMetricExporter(
            f"{url}/v1/metrics", headers=headers, timeout=TRIED_SECONDS
        )

    def send_spans(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; tries for `TRIED_SECONDS`."""
        result = self._spans.export(spans)
        self._spans_watch.record(result is SpanExportResult.SUCCESS)
        return result

    def send_metrics(self, data: MetricsData) -> None:
        """Send metrics; tries for `TRIED_SECONDS`."""
        self._metrics_watch.record(self._metrics.export(data) is MetricExportResult.SUCCESS)

    def close(self) -> None:
        """Abort requests in progress."""
        self._spans.shutdown()  # type: ignore[no-untyped-call]
        self._metrics.shutdown()

    def _report_overflow(self, _record: logging.LogRecord) -> bool:
        """Log one line at a time, instead of one for each dropped span."""
        if not self._spans_watch.is_failing and time.monotonic() > self._next_overflow_report:
            self._next_overflow_report = time.monotonic() + OVERFLOW_SECONDS
            log.warning("%s is too slow for all traces, so some spans are dropped", self._url)
        return False


class CollectorExporter(SpanExporter):
    """Sends batches of spans, for the span processor."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        return self._collector.send_spans(spans)
