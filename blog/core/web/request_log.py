"""One line in the log for each request, and an id that ties it to whatever else was logged."""

import logging
import re
import time
import uuid

from quart import Response, g, request

from blog.core.db.statements import Tally, tally
from blog.core.metrics import note_request, requests_in_progress
from blog.core.web.app import Broadside, current_app
from blog.core.web.logs import request_id
from blog.core.web.requests import request_for_logs

log = logging.getLogger(__name__)

# The line of a request on a terminal.
LAYOUT = (
    "%(status)s %(milliseconds)8.1f ms, %(statements)2d statements in "
    "%(database_milliseconds)7.1f ms: %(method)s %(route)s"
)
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


# Asked every few seconds, by machines.
ROUTINE = {"health.alive", "health.ready", "metrics.show"}
# What nginx calls it when a client goes away before it is answered.
CLIENT_GONE = 499


async def begin() -> None:
    """Start the clock and the count of statements, and settle the request's id."""
    g.started = time.perf_counter()
    g.tally = Tally()
    tally.set(g.tally)
    requests_in_progress.inc()
    given = request.headers.get("X-Request-ID", "")
    request_id.set(given if WELL_FORMED_ID.fullmatch(given) else uuid.uuid4().hex)


async def end(response: Response) -> Response:
    """Log the request, and tell the client its id."""
    milliseconds = write_line(response.status_code)
    response.headers["X-Request-ID"] = request_id.get()
    if not current_app.settings.is_production:
        # A browser's developer tools show it beside the request (W3C Server Timing).
        database = f'db;desc="{g.tally.count} statements";dur={g.tally.milliseconds}'
        response.headers["Server-Timing"] = f"total;dur={milliseconds}, {database}"
    return response


def write_line(status: int) -> float:
    """Count and log the request by its route: an address may hold a token, which no log may have.

    Returns:
        How many milliseconds it took.
    """
    seconds = time.perf_counter() - g.started
    milliseconds: float = round(seconds * 1000, 1)
    method, route = request_for_logs()
    note_request(method, route, status, seconds)
    level = logging.DEBUG if request.endpoint in ROUTINE else logging.INFO
    if log.isEnabledFor(level):
        what = {"method": method, "route": route, "status": status}
        facts = what | {
            "milliseconds": milliseconds,
            "statements": g.tally.count,
            "database_milliseconds": g.tally.milliseconds,
            "user": g.get("user_id"),
            "client": request.remote_addr,
        }
        log.log(level, "%(method)s %(route)s %(status)s", what, extra=facts)
    g.is_logged = True
    return milliseconds


async def finish(_error: BaseException | None) -> None:
    """The request is over; if it has no answer, its client went away and its task was cancelled."""
    if "started" in g:
        requests_in_progress.dec()
        if "is_logged" not in g:
            write_line(CLIENT_GONE)


def init_app(app: Broadside) -> None:
    """Log the requests of `app`. Comes before all other parts, to see what they take."""
    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(finish)
