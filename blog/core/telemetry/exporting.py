"""Collect spans and metrics, and send them in separate threads.

No request waits for the collector: spans go into a queue, and are dropped when it is full.
"""

import asyncio
import logging
import os
import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, Sampler, TraceIdRatioBased
from prometheus_client import Metric

from blog.core.telemetry import spans
from blog.core.telemetry.figures import MetricsSender, convert_metrics
from blog.core.telemetry.sending import Collector, CollectorExporter
from blog.core.telemetry.tracing import TraceIds, Tracing
from settings import Settings

log = logging.getLogger(__name__)

# How long a process that is ending may wait for the collector.
FLUSH_SECONDS = 2.0


def build_sampler(share: float) -> Sampler:
    """Build a sampler that keeps a share of all traces; the decision depends only on the trace's
    id.

    The same share of traces is kept if the caller asks for sampling, so no client can raise it.
    """
    by_id = TraceIdRatioBased(share)
    return ParentBased(by_id, remote_parent_sampled=by_id)


class Exporter:
    """Collects and exports the telemetry of this process, from its creation until `stop`.

    Args:
        settings: the share of traces that are kept, and names.
        url: the URL of the collector.
        kind: the kind of process, such as "web".
    """

    def __init__(self, settings: Settings, url: str, kind: str) -> None:
        self._collector = Collector(url, settings.otlp_headers())
        resource = Resource.create(
            {
                "service.name": settings.otel_service_name,
                "service.version": version("broadside"),
                "service.instance.id": f"{kind} {os.getpid()} on {socket.gethostname()}",
                "deployment.environment.name": settings.env,
            }
        )
        self._provider = TracerProvider(
            build_sampler(settings.otel_traces_sampler_arg),
            resource,
            shutdown_on_exit=False,
            id_generator=TraceIds(),
        )
        self._provider.add_span_processor(BatchSpanProcessor(CollectorExporter(self._collector)))
        self._metrics = MetricsSender(self._collector, resource)
        self._metrics.start()
        self._site = resource.merge(Resource({"service.instance.id": "the site"}))
        spans.set_tracing(Tracing(self._provider.get_tracer("broadside")))

    def send_site_metrics(self, families: Iterable[Metric]) -> None:
        """Send metrics of the whole site, such as those counted in the database."""
        self._collector.send_metrics(convert_metrics(self._site, families, time.time_ns()))

    async def stop(self) -> None:
        """Stop, and send the rest within `FLUSH_SECONDS`."""
        spans.set_tracing(None)
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def finish() -> None:
            self._provider.shutdown()
            self._metrics.stop()
            self._metrics.send()
            with suppress(RuntimeError):  # The loop has ended meanwhile.
                loop.call_soon_threadsafe(done.set)

        # Not one of the loop's own threads, because the process would wait for it to end.
        threading.Thread(target=finish, daemon=True).start()
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await done.wait()
        except TimeoutError:
            log.warning("the collector has not taken the last traces and metrics in time")
        self._collector.close()
