"""Start to collect traces and metrics, once per process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from prometheus_client import Metric

from settings import Settings

if TYPE_CHECKING:
    from blog.core.telemetry.exporting import Exporting

_exporting: Exporting | None = None


def start(settings: Settings, kind: str) -> Callable[[], Awaitable[None]]:
    """Collect traces and metrics of this process, if a collector is set.

    Call it before engines are created, whose statements are to be spans.

    Args:
        settings: name the collector.
        kind: what the process does, such as "web".

    Returns:
        What stops it. It sends what is left, within `exporting.FLUSH_SECONDS`.
    """
    if settings.otel_exporter_otlp_endpoint is None:
        return _stop_nothing
    # The packages need not be installed, and take a while to load.
    from blog.core.telemetry.exporting import Exporting  # noqa: PLC0415

    _use(Exporting(settings, settings.otel_exporter_otlp_endpoint, kind))
    return _stop


async def send_of_site(read: Callable[[], Awaitable[Iterable[Metric]]]) -> None:
    """Read metrics that no process has of its own, and send them; nothing without a collector."""
    if _exporting is not None:
        await asyncio.to_thread(_exporting.send_of_site, await read())


def _use(exporting: Exporting | None) -> None:
    global _exporting  # noqa: PLW0603
    _exporting = exporting


async def _stop() -> None:
    """Stop what was started; nothing is sent of the site any more."""
    if (exporting := _exporting) is not None:
        _use(None)
        await exporting.stop()


async def _stop_nothing() -> None:
    """Nothing was started."""
