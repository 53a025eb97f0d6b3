"""Access log, and a request id that correlates all log lines of a request."""

import logging
import re
import secrets
import time

from quart import Response, g, request

from blog.core.db.statements import QueryStats, query_stats
from blog.core.metrics import observe_request, requests_in_progress
from blog.core.telemetry import spans
from blog.core.web.app import Broadside, current_app
from blog.core.web.logs import request_id
from blog.core.web.proxies import PROXIED
from blog.core.web.requests import request_for_logs

log = logging.getLogger(__name__)

# The format of an access log line on a terminal.
LAYOUT = (
    "%(status)s %(milliseconds)8.1f ms, %(statements)2d statements in "
    "%(database_milliseconds)7.1f ms: %(method)s %(route)s"
)
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}", re.ASCII)


# Requested every few seconds by monitoring, or many times by each page: logged at level DEBUG.
ROUTINE = {
    "health.alive",
    "health.ready",
    "metrics.show",
    "static",
    "users.avatar",
    "media_files.show",
    "media_files.show_variant",
}
# nginx's status for a client that disconnects before the response.
CLIENT_GONE = 499


async def begin() -> None:
    """Start the clock, count statements, and set the request's id."""
    g.started = time.perf_counter()
    g.query_stats = QueryStats()
    query_stats.set(g.query_stats)
    requests_in_progress.inc()
    given = request.headers.get("X-Request-ID", "")
    identifier = given if WELL_FORMED_ID.fullmatch(given) else secrets.token_hex(16)
    request_id.set(identifier)
    is_proxied = PROXIED in request.scope.get("extensions", ())
    parent = request.headers.get("traceparent") if is_proxied else None
    # The id decides whether the trace is kept, so strangers must not choose it.
    is_ours = is_proxied or identifier != given
    g.span = spans.begin_request(parent, identifier if is_ours else "")


async def end(response: Response) -> Response:
    """Log the request, and send its id to the client."""
    milliseconds = write_line(response.status_code)
    response.headers["X-Request-ID"] = request_id.get()
    if not current_app.settings.is_production:
        # A browser's developer tools show it beside the request (W3C Server Timing).
        database = f'db;desc="{g.query_stats.count} statements";dur={g.query_stats.milliseconds}'
        response.headers["Server-Timing"] = f"total;dur={milliseconds}, {database}"
    return response


def write_line(status: int) -> float:
    """Count and log the request by its route, because its URL may contain a token.

    Returns:
        Its duration in milliseconds.
    """
    seconds = time.perf_counter() - g.started
    milliseconds: float = round(seconds * 1000, 1)
    method, route = request_for_logs()
    observe_request(method, route, status, seconds)
    current_app.counts.count_request(method, route, status, seconds)
    level = logging.DEBUG if request.endpoint in ROUTINE else logging.INFO
    if log.isEnabledFor(level):
        what = {"method": method, "route": route, "status": status}
        facts = what | {
            "milliseconds": milliseconds,
            "statements": g.query_stats.count,
            "database_milliseconds": g.query_stats.milliseconds,
            "user": g.get("user_id"),
            "client": request.remote_addr,
        }
        log.log(level, "%(method)s %(route)s %(status)s", what, extra=facts)
    g.is_logged = True
    if g.span is not None:
        g.span.end(
            method,
            route,
            status,
            request_id=request_id.get() or "",
            statements=g.query_stats.count,
            database_milliseconds=g.query_stats.milliseconds,
        )
    return milliseconds


async def finish(_error: BaseException | None) -> None:
    """Finish the request. Without a response, the client disconnected and its task was
    cancelled."""
    if "started" in g:
        requests_in_progress.dec()
        if "is_logged" not in g:
            write_line(CLIENT_GONE)


def init_app(app: Broadside) -> None:
    """Log the requests of `app`. Register this first, so that it measures the other parts."""
    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(finish)
