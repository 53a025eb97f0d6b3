"""Start collecting traces and metrics, once per process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from prometheus_client import Metric

from settings import Settings

if TYPE_CHECKING:
    from blog.core.telemetry.exporting import Exporter

_exporter: Exporter | None = None


def start(settings: Settings, kind: str) -> Callable[[], Awaitable[None]]:
    """Start collecting traces and metrics of this process, if a collector is set.

    Call it before creating engines, or their statements get no spans.

    Args:
        settings: the collector and its options.
        kind: the kind of process, such as "web".

    Returns:
        A function that stops it, and sends the rest within `exporting.FLUSH_SECONDS`.
    """
    if settings.otel_exporter_otlp_endpoint is None:
        return _do_nothing
    # The packages need not be installed, and take a while to load.
    from blog.core.telemetry.exporting import Exporter  # noqa: PLC0415

    _set_exporter(Exporter(settings, settings.otel_exporter_otlp_endpoint, kind))
    return _stop


async def send_site_metrics(read: Callable[[], Awaitable[Iterable[Metric]]]) -> None:
    """Read the metrics of the whole site, and send them; does nothing without a collector."""
    if _exporter is not None:
        await asyncio.to_thread(_exporter.send_site_metrics, await read())


def _set_exporter(exporter: Exporter | None) -> None:
    global _exporter  # noqa: PLW0603
    _exporter = exporter


async def _stop() -> None:
    """Stop collecting."""
    if (exporter := _exporter) is not None:
        _set_exporter(None)
        await exporter.stop()


async def _do_nothing() -> None:
    """Do nothing, because collecting was not started."""
