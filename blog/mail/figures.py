"""Metrics of the outbox, for `/metrics`."""

from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from sqlalchemy.ext.asyncio import AsyncSession

from blog.mail.queries import COUNTED, outbox_depth


async def outbox_figures(session: AsyncSession) -> list[Metric]:
    """The number of mails that are waiting or failed, and how long the next one has been due."""
    outbox = await outbox_depth(session)
    messages = GaugeMetricFamily(
        "broadside_outbox_messages",
        f"Unsent messages. {COUNTED + 1} means more than {COUNTED}.",
        labels=["state"],
    )
    for line in outbox.states:
        messages.add_metric([line.state], line.number)
    overdue = GaugeMetricFamily(
        "broadside_outbox_overdue_seconds",
        "How long the next message has been due.",
        outbox.overdue_seconds,
    )
    return [messages, overdue]
