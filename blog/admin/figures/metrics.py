"""The numbers of the dashboard for `/metrics`."""

from datetime import timedelta

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.ext.asyncio import AsyncSession

from blog.admin.figures.queries import daily_figures, state
from blog.admin.figures.series import NAMES
from blog.core.clock import now


async def site_figures(session: AsyncSession) -> list[Metric]:
    """The current totals, and the figures of yesterday and of today so far."""
    today = now().date()
    figures, _ = await daily_figures(session, NAMES, today - timedelta(days=1))
    of_day = GaugeMetricFamily(
        "broadside_daily_figure",
        "A figure of the dashboard for a day in UTC; that of today is so far.",
        labels=["name", "day"],
    )
    for name, by_day in sorted(figures.items()):
        for label, day in (("yesterday", today - timedelta(days=1)), ("today", today)):
            if day in by_day:
                of_day.add_metric([name, label], by_day[day])
    current = await state(session)
    everything = GaugeMetricFamily(
        "broadside_site", "How much there is of it on the site.", labels=["of"]
    )
    for name in ("people", "posts", "comments"):
        everything.add_metric([name], getattr(current, name))
    waiting = 0.0
    if current.oldest_report is not None:
        waiting = (now() - current.oldest_report).total_seconds()
    return [
        of_day,
        everything,
        GaugeMetricFamily("broadside_reports_open", "Open reports.", current.reports),
        GaugeMetricFamily(
            "broadside_report_waiting_seconds", "How long the oldest report is open.", waiting
        ),
    ]
