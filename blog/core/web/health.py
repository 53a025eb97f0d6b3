"""Whether this process is alive, and whether it can serve: for a load balancer."""

from quart import Blueprint, Response
from quart.typing import ResponseReturnValue

from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.db.database_errors import is_unavailable
from blog.core.db.migrations import SchemaState
from blog.core.web.app import current_app

blueprint = Blueprint("health", __name__)

# A balancer and Prometheus ask for these by HTTP and by the machine's address, and must not be
# turned away.
PATHS = {"/healthz", "/readyz", "/metrics"}


async def has_schema(database: Database) -> bool:
    """Whether the database has what this process needs of the schema.

    A newer schema has it too: during an update the old processes serve on, with a schema that the
    new code has brought up to date. A migration takes away only what no code uses any more.
    """
    async with database.reading_engine.connect() as connection:
        return await connection.run_sync(migrations.state) is not SchemaState.OLDER


@blueprint.after_request
async def forbid_storing(response: Response) -> Response:
    """An answer is good for the moment."""
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/healthz")
async def alive() -> ResponseReturnValue:
    """The process runs and its event loop turns."""
    return {"status": "alive"}


@blueprint.get("/readyz")
async def ready() -> ResponseReturnValue:
    """The database answers, and has what this process needs of the schema."""
    try:
        is_complete = await current_app.schema_probe.answer()
    except Exception as error:
        if not isinstance(error, TimeoutError) and not is_unavailable(error):
            raise
        return {"status": "the database does not answer"}, 503
    if not is_complete:
        return {"status": "the schema is not up to date"}, 503
    return {"status": "ready"}
