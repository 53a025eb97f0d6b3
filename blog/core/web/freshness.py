"""Choose between the primary and its replicas for reads, so that users read their own writes.

After a request that wrote, the primary's position in the write-ahead log is kept: in a cookie of
the browser, or in the row of the API token (`blog.accounts.api_callers`). Their next requests read
from the primary until a replica has replayed up to there. The cookie is not signed, because
tampering with it affects only its sender.
"""

from datetime import timedelta

from quart import Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.replica import LONGEST_LAG, WRITTEN
from blog.core.web.app import Broadside, current_app, db
from blog.core.web.cookies import cookie_name, set_cookie
from blog.core.web.requests import is_for_api, only_reads

# By then the replicas have caught up, or lag so far behind that they are not used.
POSITION, KEPT = "written", timedelta(seconds=2 * LONGEST_LAG)
# Larger than any position: stands for a position that could not be read.
UNKNOWN = 2**63


def read_from_replica(position: int) -> None:
    """Let the view of a request that only reads do so from a replica, if one is recent enough.

    Args:
        position: what the replica must have replayed.
    """
    if current_app.replicas is not None and only_reads():
        g.replica = current_app.replicas.choose(position)


def may_have_written(response: Response) -> bool:
    """Whether the request may have changed what its sender reads next."""
    if current_app.replicas is None or only_reads() or response.status_code >= 400:
        return False
    return "db" in g or g.get("has_written", False)


async def choose_server() -> None:
    """Let the view read from a replica if that is recent enough.

    The session was looked up on the primary before, so a revoked one is refused at once. Callers of
    the API with credentials are recognised later.
    """
    if current_app.replicas is not None and "Authorization" not in request.headers:
        read_from_replica(request.cookies.get(cookie_name(POSITION), 0, type=int))


async def remember_position(response: Response) -> Response:
    """After a request that may have written, set the cookie with the primary's position."""
    if is_for_api() or not may_have_written(response):
        return response
    try:
        position = await db().scalar(WRITTEN)
    except (SQLAlchemyError, DatabaseUnavailableError, OSError):
        position = UNKNOWN
    set_cookie(response, POSITION, str(position), KEPT)
    return response


def init_app(app: Broadside) -> None:
    """Let `app` read from its replicas, if it has any. Register this after authentication."""
    app.before_request(choose_server)
    app.after_request(remember_position)
