"""The endpoint for live updates."""

import random
import re

from quart import Blueprint, Response, abort, request

from blog.core.auth.identity import current_viewer
from blog.core.auth.quotas import LISTENING, quota
from blog.core.i18n import gettext as _
from blog.core.web.app import current_app
from blog.notifications.live.hub import Hub
from blog.notifications.live.streams import Stream

blueprint = Blueprint("live", __name__, url_prefix="/notifications")

# A range, so that browsers don't all reconnect at the same time after a restart.
RETRY_MILLISECONDS = (2_000, 8_000)
# Posts beyond this number, in the tabs of one browser, get no updates about comments.
MOST_POSTS = 20
_ID = re.compile(r"[0-9]{1,18}", re.ASCII)


@blueprint.get("/stream")
@quota(LISTENING)
async def stream() -> Response:
    """Server-Sent Events for the tabs of a browser: the number of unread notifications, and the
    number of comments on the posts that they show (`?post=7`).

    Each event contains the current state, so a browser that reconnects has missed nothing;
    `Last-Event-ID` only determines whether anything in it is new.

    Anyone who isn't logged in gets 204, which tells a browser not to reconnect (HTML, "Server-sent
    events"); it would take the login page for a broken stream.
    """
    login = current_viewer().login
    if login is None:
        return Response(status=204, headers={"Cache-Control": "no-store"})
    hub: Hub = current_app.extensions["live"]
    if not hub.has_room_for(login.user_id):
        abort(
            503,
            _(
                "There are too many live updates at the moment. Please reload the page to see "
                "what's new."
            ),
        )
    posts = filter(_ID.fullmatch, request.args.getlist("post")[:MOST_POSTS])
    last_id = _ID.fullmatch(request.headers.get("Last-Event-ID", ""))
    opened = Stream(
        login.id,
        login.user_id,
        frozenset(map(int, posts)),
        int(last_id[0]) if last_id else None,
        random.randint(*RETRY_MILLISECONDS),  # noqa: S311
    )
    events = "" if request.method == "HEAD" else hub.follow(opened)
    response = Response(events, mimetype="text/event-stream")
    response.timeout = None
    response.headers["Cache-Control"] = "no-store"
    # nginx would wait for more to send (ngx_http_proxy_module, "proxy_buffering").
    response.headers["X-Accel-Buffering"] = "no"
    return response
