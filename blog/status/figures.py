"""Metrics of the components, for `/metrics`."""

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.ext.asyncio import AsyncSession

from blog.status.queries import component_states


async def component_figures(session: AsyncSession) -> list[Metric]:
    """Whether each component works, as `/status` shows it."""
    works = GaugeMetricFamily(
        "broadside_component_up",
        "Whether a component works: background jobs, mail, or the storage of files.",
        labels=["component"],
    )
    for state in await component_states(session):
        works.add_metric([state.component], state.failing_since is None)
    return [works]
