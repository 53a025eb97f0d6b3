"""Let a proxy or CDN answer strangers with the page of the last stranger (RFC 9111).

A page of a visitor without cookies is the same for all of them, and may be stored for
`SHARED_CACHE_SECONDS`. Nothing has to be purged, because it is that short. nginx counts in whole
seconds, and keeps what is valid for one second for up to two; so it gets the second in which the
page expires (`X-Accel-Expires`), which is the current one.
"""

import time

from quart import Response, g, request, session

from blog.core.web.app import Broadside, current_app
from blog.core.web.headers import vary_by

# Pages, and feeds.
SHARED = {"text/html", "application/atom+xml", "application/feed+json"}


async def note_start() -> None:
    """Note the second in which the page is begun: it is no newer than that."""
    g.began_in = int(time.time())


async def allow_sharing(response: Response) -> Response:
    """Let shared caches store what is the same for every stranger."""
    seconds = current_app.settings.shared_cache_seconds
    if not seconds or "began_in" not in g or not _is_for_strangers(response):
        return response
    response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={seconds}"
    # Or a cache would answer those with cookies, too (RFC 9111, 4.1).
    vary_by(response, "Cookie")
    response.headers["X-Accel-Expires"] = f"@{g.began_in + seconds - 1}"
    return response


def _is_for_strangers(response: Response) -> bool:
    """Whether neither the request nor the response tells one visitor from another."""
    if request.method not in {"GET", "HEAD"} or response.status_code not in {200, 304}:
        return False
    if response.mimetype not in SHARED or response.cache_control.no_store:
        return False
    if request.headers.get("Cookie") or "Authorization" in request.headers:
        return False
    # A session that is new gets a cookie, whose secret is in the forms of the page.
    return not session and "Set-Cookie" not in response.headers


def init_app(app: Broadside) -> None:
    """Register this before what adds the other headers: it runs after that."""
    app.before_request(note_start)
    app.after_request(allow_sharing)
