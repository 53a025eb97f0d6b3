"""Choose between the primary and a replica for reads, so that users read their own writes.

After a request that wrote, a cookie holds the primary's position in the write-ahead log, and this
browser reads from the primary until the replica has replayed up to there. The cookie is not signed,
because tampering with it affects only its sender.
"""

from datetime import timedelta

from quart import Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.replica import LONGEST_LAG, WRITTEN
from blog.core.web.app import Broadside, current_app, db
from blog.core.web.cookies import cookie_name, set_cookie
from blog.core.web.requests import is_for_api, only_reads

# By then the replica has caught up, or lags so far behind that it is not used.
POSITION, KEPT = "written", timedelta(seconds=2 * LONGEST_LAG)
# Larger than any position: stands for a position that could not be read.
UNKNOWN = 2**63


async def choose_server() -> None:
    """Let the view read from the replica if that is recent enough.

    The session was looked up on the primary before, so a revoked one is refused at once.
    """
    replica = current_app.replica
    if replica is None or not only_reads() or _is_program():
        return
    if replica.has(request.cookies.get(cookie_name(POSITION), 0, type=int)):
        g.reads_on_replica = True


async def remember_position(response: Response) -> Response:
    """After a request that may have written, set the cookie with the primary's position."""
    may_have_written = "db" in g or g.get("has_written", False)
    if current_app.replica is None or only_reads() or is_for_api() or not may_have_written:
        return response
    if response.status_code < 400:
        try:
            position = await db().scalar(WRITTEN)
        except (SQLAlchemyError, DatabaseUnavailableError, OSError):
            position = UNKNOWN
        set_cookie(response, POSITION, str(position), KEPT)
    return response


def _is_program() -> bool:
    """Whether the request is from an authenticated API client, which keeps no cookies."""
    return "Authorization" in request.headers


def init_app(app: Broadside) -> None:
    """Let `app` read from its replica, if it has one. Register this after authentication."""
    app.before_request(choose_server)
    app.after_request(remember_position)
