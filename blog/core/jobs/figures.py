"""The number of jobs, for `/metrics`."""

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.jobs.summary import COUNTED, Sort, summary


async def job_figures(session: AsyncSession) -> list[Metric]:
    """Measure the number of jobs of each sort, and how long the next one has been due."""
    jobs = GaugeMetricFamily(
        "broadside_jobs",
        f"Unfinished background jobs. {COUNTED + 1} means more than {COUNTED}.",
        labels=["state"],
    )
    overdue = 0.0
    for line in await summary(session):
        jobs.add_metric([line.sort], line.number)
        if line.sort is Sort.WAITING and line.next_at is not None:
            overdue = max(0.0, (now() - line.next_at).total_seconds())
    return [
        jobs,
        GaugeMetricFamily(
            "broadside_jobs_overdue_seconds",
            "How long the next job has been due.",
            overdue,
        ),
    ]
