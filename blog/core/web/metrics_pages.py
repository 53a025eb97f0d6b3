"""`/metrics` for Prometheus, for loopback requests and for bearers of `METRICS_TOKEN`."""

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Iterator, Sequence

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, Metric, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector
from quart import Blueprint, Response, abort, request
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core import metrics
from blog.core.db.database import Database
from blog.core.db.database_errors import is_unavailable
from blog.core.web.app import current_app
from blog.core.web.local import asks_this_machine

blueprint = Blueprint("metrics", __name__)


# Reads the metrics of a feature from the database.
Figures = Callable[[AsyncSession], Awaitable[list[Metric]]]


async def read_figures(database: Database, features: Sequence[Figures]) -> list[Metric]:
    """Read the database metrics of all features in one session."""
    async with database.reading_session() as session:
        return [metric for figures in features for metric in await figures(session)]


@blueprint.get("/metrics")
async def show() -> Response:
    """All metrics in Prometheus' text format."""
    if not (asks_this_machine() or has_token()):
        abort(404)
    try:
        of_features = await current_app.figures_probe.answer()
    except Exception as error:
        if not isinstance(error, TimeoutError) and not is_unavailable(error):
            raise
        of_features = None
    # Aggregating the files of many workers takes a while.
    text = await asyncio.to_thread(generate_latest, AllFigures(of_features))
    return Response(
        text, content_type=CONTENT_TYPE_PLAIN_0_0_4, headers={"Cache-Control": "no-store"}
    )


def has_token() -> bool:
    """Whether the request carries `METRICS_TOKEN` as its bearer token (RFC 6750)."""
    expected, given = current_app.settings.metrics_token, request.authorization
    if expected is None or given is None or given.type != "bearer" or given.token is None:
        return False
    return hmac.compare_digest(given.token.encode(), expected.get_secret_value().encode())


class AllFigures(Collector):
    """Collects the metrics of the processes and of the database.

    Args:
        of_features: the database metrics; `None` if the database does not answer.
    """

    def __init__(self, of_features: list[Metric] | None) -> None:
        self._of_features = of_features

    def collect(self) -> Iterator[Metric]:
        yield from metrics.collect()
        yield GaugeMetricFamily(
            "broadside_database_up", "Whether the database responds.", self._of_features is not None
        )
        yield from self._of_features or []
