"""Start to collect traces and metrics, once per process."""

from collections.abc import Awaitable, Callable

from settings import Settings


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

    return Exporting(settings, settings.otel_exporter_otlp_endpoint, kind).stop


async def _stop_nothing() -> None:
    """Nothing was started."""
