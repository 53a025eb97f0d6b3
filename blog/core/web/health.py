"""Liveness and readiness probes."""

from quart import Blueprint, Response
from quart.typing import ResponseReturnValue

from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.db.database_errors import is_unavailable
from blog.core.db.migrations import SchemaState
from blog.core.web.app import current_app

blueprint = Blueprint("health", __name__)

# Load balancers and Prometheus request these by HTTP and by IP address, so they are exempt from
# the checks of scheme and host.
PATHS = {"/healthz", "/readyz", "/metrics"}


async def has_schema(database: Database) -> bool:
    """Whether the database has the schema that this process needs.

    A newer schema will do: during an update the old processes keep serving after the migrations
    have run. A migration removes only what the previous release no longer uses.
    """
    async with database.reading_engine.connect() as connection:
        return await connection.run_sync(migrations.state) is not SchemaState.OLDER


@blueprint.after_request
async def forbid_storing(response: Response) -> Response:
    """Keep probes out of caches."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/healthz")
async def alive() -> ResponseReturnValue:
    """Liveness: the event loop runs."""
    return {"status": "alive"}


@blueprint.get("/readyz")
async def ready() -> ResponseReturnValue:
    """Readiness: the database answers and its schema is recent enough."""
    try:
        is_complete = await current_app.schema_probe.answer()
    except Exception as error:
        if not isinstance(error, TimeoutError) and not is_unavailable(error):
            raise
        return {"status": "the database does not answer"}, 503
    if not is_complete:
        return {"status": "the schema is not up to date"}, 503
    return {"status": "ready"}
