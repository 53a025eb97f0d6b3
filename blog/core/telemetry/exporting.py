"""Collect spans and metrics, and send them by threads of their own.

No request waits for the collector: a span is put into a queue, which drops what it has no room for.
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
from blog.core.telemetry.figures import MetricsSender, metrics_of
from blog.core.telemetry.sending import Collector, CollectorExporter
from blog.core.telemetry.tracing import TraceIds, Tracing
from settings import Settings

log = logging.getLogger(__name__)

# How long the end of a process may wait for the collector.
FLUSH_SECONDS = 2.0


def share_of(share: float) -> Sampler:
    """Keep a share of all traces, each as a whole: the decision depends on nothing but the id.

    What others ask to be kept is kept in the same share, so no client can make it more.
    """
    by_id = TraceIdRatioBased(share)
    return ParentBased(by_id, remote_parent_sampled=by_id)


class Exporting:
    """What is collected in this process, from now until `stop`.

    Args:
        settings: the share of traces that are kept, and names.
        url: the collector's.
        kind: what the process does, such as "web".
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
            share_of(settings.otel_traces_sampler_arg),
            resource,
            shutdown_on_exit=False,
            id_generator=TraceIds(),
        )
        self._provider.add_span_processor(BatchSpanProcessor(CollectorExporter(self._collector)))
        self._metrics = MetricsSender(self._collector, resource)
        self._metrics.start()
        self._site = resource.merge(Resource({"service.instance.id": "the site"}))
        spans.use(Tracing(self._provider.get_tracer("broadside")))

    def send_of_site(self, families: Iterable[Metric]) -> None:
        """Send metrics that no process has of its own, such as those counted in the database."""
        self._collector.send_metrics(metrics_of(self._site, families, time.time_ns()))

    async def stop(self) -> None:
        """Stop, and send what is left within `FLUSH_SECONDS`."""
        spans.use(None)
        done = asyncio.Event()
        loop = asyncio.get_running_loop()

        def finish() -> None:
            self._provider.shutdown()
            self._metrics.stop()
            self._metrics.send()
            with suppress(RuntimeError):  # The loop has ended meanwhile.
                loop.call_soon_threadsafe(done.set)

        # Not one of the loop's own threads, for which the end of the process would wait.
        threading.Thread(target=finish, daemon=True).start()
        try:
            async with asyncio.timeout(FLUSH_SECONDS):
                await done.wait()
        except TimeoutError:
            log.warning("the collector has not taken the last traces and metrics in time")
        self._collector.close()
