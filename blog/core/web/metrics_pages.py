"""`/metrics` for Prometheus: shown to this machine itself, and to whoever has `METRICS_TOKEN`."""

import asyncio
import hmac
from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from quart import Blueprint, Response, abort, request

from blog.core import metrics
from blog.core.db.database import Database
from blog.core.db.database_errors import is_unavailable
from blog.core.web.app import current_app
from blog.core.web.local import asks_this_machine
from blog.mail import queries
from blog.mail.queries import Depth

blueprint = Blueprint("metrics", __name__)


async def outbox_depth(database: Database) -> Depth:
    """How full the outbox is."""
    async with database.reading_session() as session:
        return await queries.depth(session)


@blueprint.get("/metrics")
async def show() -> Response:
    """All figures in Prometheus' text format."""
    if not (asks_this_machine() or has_token()):
        abort(404)
    try:
        outbox = await current_app.outbox_probe.answer()
    except Exception as error:
        if not isinstance(error, TimeoutError) and not is_unavailable(error):
            raise
        outbox = None
    # With many workers there are many lines to add up.
    text = await asyncio.to_thread(generate_latest, Figures(outbox))
    return Response(
        text, content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"}
    )


def has_token() -> bool:
    """Whether the request carries `METRICS_TOKEN` as its bearer token (RFC 6750)."""
    expected, given = current_app.settings.metrics_token, request.authorization
    if expected is None or given is None or given.type != "bearer" or given.token is None:
        return False
    return hmac.compare_digest(given.token.encode(), expected.get_secret_value().encode())


class Figures(Collector):
    """All that is shown at one time.

    Args:
        outbox: `None` if the database does not answer.
    """

    def __init__(self, outbox: Depth | None) -> None:
        self._outbox = outbox

    def collect(self) -> Iterator[Metric]:
        yield from metrics.collect()
        yield GaugeMetricFamily(
            "broadside_database_up", "Whether the database answers.", self._outbox is not None
        )
        if self._outbox is None:
            return
        messages = GaugeMetricFamily(
            "broadside_outbox_messages",
            f"Mails that are not sent, {queries.COUNTED + 1} standing for any more.",
            labels=["state"],
        )
        for line in self._outbox.states:
            messages.add_metric([line.state], line.number)
        yield messages
        yield GaugeMetricFamily(
            "broadside_outbox_overdue_seconds",
            "For how long the mail that is to be sent next has been due.",
            self._outbox.overdue_seconds,
        )
