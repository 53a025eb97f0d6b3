"""Whether this process is alive, and whether it can serve: for a load balancer."""

from quart import Blueprint
from quart.typing import ResponseReturnValue

from blog.kit import migrations
from blog.kit.database import is_unavailable
from blog.web.app import current_app

blueprint = Blueprint("health", __name__)

# A balancer asks for these by HTTP and by the machine's address, and must not be turned away.
PATHS = {"/healthz", "/readyz"}


@blueprint.get("/healthz")
async def alive() -> ResponseReturnValue:
    """The process runs and its event loop turns."""
    return {"status": "alive"}


@blueprint.get("/readyz")
async def ready() -> ResponseReturnValue:
    """The database answers, and its schema is the one that this code is written for."""
    try:
        async with current_app.database.engine.connect() as connection:
            current = await connection.run_sync(migrations.is_current)
    except Exception as error:
        if not is_unavailable(error):
            raise
        return {"status": "the database does not answer"}, 503
    if not current:
        return {"status": "the schema is not up to date"}, 503
    return {"status": "ready"}
