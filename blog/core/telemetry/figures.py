"""The metrics of `/metrics` for OpenTelemetry, with the same names."""

import threading
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise

from opentelemetry.sdk.metrics.export import (
    AggregationTemporality,
    Gauge,
    Histogram,
    HistogramDataPoint,
    Metric,
    MetricsData,
    NumberDataPoint,
    ResourceMetrics,
    ScopeMetrics,
    Sum,
)
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from prometheus_client import Metric as Family

from blog.core import metrics
from blog.core.telemetry.sending import Collector

EVERY_SECONDS = 60.0
_CUMULATIVE = AggregationTemporality.CUMULATIVE

Labels = tuple[tuple[str, str], ...]


class MetricsSender(threading.Thread):
    """Sends the metrics of this process once a minute, and at its end.

    Args:
        collector: receives them.
        resource: describes this process.
    """

    def __init__(self, collector: Collector, resource: Resource) -> None:
        super().__init__(name="telemetry", daemon=True)
        self._collector = collector
        self._resource = resource
        self._began = time.time_ns()
        self._stopping = threading.Event()

    def run(self) -> None:
        """Send until stopped."""
        while not self._stopping.wait(EVERY_SECONDS):
            self.send()

    def send(self) -> None:
        """Send them now."""
        families = metrics.collect_own()
        self._collector.send_metrics(convert_metrics(self._resource, families, self._began))

    def stop(self) -> None:
        """Stop sending them."""
        self._stopping.set()


def convert_metrics(resource: Resource, families: Iterable[Family], began: int) -> MetricsData:
    """Convert the current values of Prometheus metrics.

    Args:
        resource: the process, or the site, that they are about.
        families: the metrics of Prometheus.
        began: the start of cumulative sums, in nanoseconds.
    """
    snapshot = _Snapshot(began, time.time_ns())
    converted = [snapshot.convert(family) for family in families]
    scope = ScopeMetrics(InstrumentationScope("broadside"), converted, "")
    return MetricsData([ResourceMetrics(resource, [scope], "")])


class _Snapshot:
    """Converts values at one point in time; sums start at `began` (nanoseconds)."""

    def __init__(self, began: int, now: int) -> None:
        self._began = began
        self._now = now

    def convert(self, family: Family) -> Metric:
        """Convert a metric of Prometheus."""
        if family.type == "histogram":
            return _metric(family, Histogram(list(self._histograms(family)), _CUMULATIVE))
        points = [
            NumberDataPoint(each.labels, self._began, self._now, float(each.value))
            for each in family.samples
        ]
        if family.type == "counter":
            return _metric(family, Sum(points, _CUMULATIVE, is_monotonic=True))
        return _metric(family, Gauge(points))

    def _histograms(self, family: Family) -> Iterator[HistogramDataPoint]:
        """Convert histograms: Prometheus' buckets are cumulative, OpenTelemetry's are not."""
        buckets: dict[Labels, dict[float, float]] = defaultdict(dict)
        sums: dict[Labels, float] = {}
        for sample in family.samples:
            labels = dict(sample.labels)
            bound = labels.pop("le", None)
            key = tuple(labels.items())
            if bound is not None:
                buckets[key][float(bound)] = sample.value
            elif sample.name.endswith("_sum"):
                sums[key] = sample.value
        for key, counts in buckets.items():
            bounds = sorted(counts)
            cumulative = [int(counts[bound]) for bound in bounds]
            between = [cumulative[0], *(after - before for before, after in pairwise(cumulative))]
            yield HistogramDataPoint(
                attributes=dict(key),
                start_time_unix_nano=self._began,
                time_unix_nano=self._now,
                count=cumulative[-1],
                sum=sums[key],
                bucket_counts=between,
                explicit_bounds=bounds[:-1],  # The last one is infinite.
                # Unknown, and left out.
                min=None,  # type: ignore[arg-type]
                max=None,  # type: ignore[arg-type]
            )


def _metric(family: Family, data: Sum | Gauge | Histogram) -> Metric:
    name = f"{family.name}_total" if family.type == "counter" else family.name
    return Metric(name, family.documentation, family.unit, data)
