"""Which server a request reads from: the primary, or a replica that may be a moment behind.

Nobody may miss on the replica what he has just written himself. So after a request that wrote,
the browser keeps how far the primary's log was then, and its visitor reads on the primary until
the replica is as far. That needs no signature: whoever changes it deceives himself alone.
"""

from quart import Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.db.replica import LONGEST_LAG, WRITTEN
from blog.core.web.app import Broadside, current_app, db
from blog.core.web.requests import is_for_api, only_reads

# By then the replica is as far, or so far behind that it is not used.
KEPT_SECONDS = 2 * int(LONGEST_LAG)
# More than any replica has: it could not be found out how far the primary was.
UNKNOWN = 2**63


async def choose_server() -> None:
    """Before a view, when it is known who asks: let it read on the replica if that is enough.

    Whose session it is has been asked of the primary: one that was ended is worthless at once.
    """
    replica = current_app.replica
    if replica is None or not only_reads() or _is_program():
        return
    if replica.has(request.cookies.get(_cookie(), 0, type=int)):
        g.reads_on_replica = True


async def remember_position(response: Response) -> Response:
    """After a form that may have written: note how far the replica has to be from now on."""
    may_have_written = "db" in g or g.get("has_written", False)
    if current_app.replica is None or only_reads() or is_for_api() or not may_have_written:
        return response
    if response.status_code < 400:
        try:
            position = await db().scalar(WRITTEN)
        except (SQLAlchemyError, DatabaseUnavailableError, OSError):
            position = UNKNOWN
        response.set_cookie(
            _cookie(),
            str(position),
            max_age=KEPT_SECONDS,
            secure=current_app.config["SESSION_COOKIE_SECURE"],
            httponly=True,
            samesite="Lax",
        )
    return response


def _is_program() -> bool:
    """Whether a client of the API asks in somebody's name: it keeps no cookies."""
    return "Authorization" in request.headers


def _cookie() -> str:
    return f"{current_app.config['COOKIE_PREFIX']}written"


def init_app(app: Broadside) -> None:
    """Let `app` read on its replica, if it has one, once it knows who is asking."""
    app.before_request(choose_server)
    app.after_request(remember_position)
