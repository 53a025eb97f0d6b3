"""One line in the log for each request, and an id that ties it to whatever else was logged."""

import logging
import re
import time
import uuid

from quart import Response, g, request

from blog.accounts.identity import current_user
from blog.kit.statements import Tally, tally
from blog.web.app import Broadside, current_app

log = logging.getLogger(__name__)

WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


async def begin() -> None:
    """Start the clock and the count of statements, and settle the request's id."""
    g.started = time.perf_counter()
    g.tally = Tally()
    tally.set(g.tally)
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if WELL_FORMED_ID.fullmatch(given) else uuid.uuid4().hex


async def end(response: Response) -> Response:
    """Log the request by its route: an address may hold a token, which no log may have."""
    milliseconds = (time.perf_counter() - g.started) * 1000
    facts = {
        "request_id": g.request_id,
        "method": request.method,
        "route": str(request.url_rule or "unknown"),
        "status": response.status_code,
        "milliseconds": round(milliseconds, 1),
        "statements": g.tally.count,
        "database_milliseconds": round(g.tally.seconds * 1000, 1),
        "user": current_user.user_id,
    }
    log.info(
        "%(method)s %(route)s %(status)s in %(milliseconds)s ms, %(statements)s statements "
        "in %(database_milliseconds)s ms",
        facts,
        extra=facts,
    )
    response.headers["X-Request-ID"] = g.request_id
    if not current_app.settings.is_production:
        # A browser's developer tools show it beside the request (W3C Server Timing).
        database = f'db;desc="{g.tally.count} statements";dur={facts["database_milliseconds"]}'
        response.headers["Server-Timing"] = f"total;dur={facts['milliseconds']}, {database}"
    return response


def init_app(app: Broadside) -> None:
    """Log the requests of `app`. Comes before all other parts, to see what they take."""
    app.before_request(begin)
    app.after_request(end)
