"""Send to the collector, and say so in one line when it does not accept anything."""

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
    """Tells when one kind of data is no longer accepted, and when it is again.

    The exporters report each attempt of each batch in the log, and raise nothing. Their lines are
    kept from the log, and the last one is the reason in ours.

    Args:
        what: the kind of data, and where it is sent.
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

    def saw(self, accepted: bool) -> None:
        """Tell of a change."""
        if not accepted and not self.is_failing:
            log.warning("%s are dropped for now: %s", self._what, self._reason)
        elif accepted and self.is_failing:
            log.info("%s are accepted again", self._what)
        self.is_failing = not accepted


class Collector:
    """Where traces and metrics are sent, each of which it may refuse.

    Args:
        url: its base, below which OTLP/HTTP has a path for each kind of data.
        headers: sent with each request, such as a key.
    """

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
        self._of_spans = _Watch(f"traces for {url}", trace_exporter.__name__)
        self._of_metrics = _Watch(f"metrics for {url}", metric_exporter.__name__)
        self._tell_of_overflow_at = 0.0
        queue = logging.getLogger("opentelemetry.sdk._shared_internal")
        queue.setLevel(logging.WARNING)
        queue.addFilter(self._tell_of_overflow)
        self._spans = trace_exporter.OTLPSpanExporter(
            f"{url}/v1/traces", headers=headers, timeout=TRIED_SECONDS
        )
        self._metrics = metric_exporter.OTLPMetricExporter(
            f"{url}/v1/metrics", headers=headers, timeout=TRIED_SECONDS
        )

    def send_spans(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send spans; tries for `TRIED_SECONDS`."""
        result = self._spans.export(spans)
        self._of_spans.saw(result is SpanExportResult.SUCCESS)
        return result

    def send_metrics(self, data: MetricsData) -> None:
        """Send metrics; tries for `TRIED_SECONDS`."""
        self._of_metrics.saw(self._metrics.export(data) is MetricExportResult.SUCCESS)

    def close(self) -> None:
        """End what is being sent."""
        self._spans.shutdown()  # type: ignore[no-untyped-call]
        self._metrics.shutdown()

    def _tell_of_overflow(self, _record: logging.LogRecord) -> bool:
        """Instead of a line for each span that is dropped."""
        if not self._of_spans.is_failing and time.monotonic() > self._tell_of_overflow_at:
            self._tell_of_overflow_at = time.monotonic() + OVERFLOW_SECONDS
            log.warning("%s is too slow for all traces, so some spans are dropped", self._url)
        return False


class CollectorExporter(SpanExporter):
    """Spans, for the processor that collects batches of them."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch."""
        return self._collector.send_spans(spans)
