"""Let a proxy or CDN answer strangers with the page of the last stranger (RFC 9111).

A page of a visitor without cookies is the same for all of them, and may be stored for
`SHARED_CACHE_SECONDS`. Nothing has to be purged, because it is that short. nginx counts in whole
seconds, and keeps what is valid for one second for up to two; so it gets the second in which the
page expires (`X-Accel-Expires`), which is the current one.

With `PURGE_URL` a page whose view says what it shows (`shows`) may be stored for
`PURGED_CACHE_SECONDS`, by a cache that can purge it by these surrogate keys. nginx stores none of
these pages: it would give an old one to the cache that asks again after a purge.
"""

import time
from collections.abc import Iterable

from quart import Response, g, request, session

from blog.core.db.database_errors import is_unavailable
from blog.core.purging.keys import SITE
from blog.core.purging.marks import are_stale
from blog.core.web.app import Broadside, current_app
from blog.core.web.headers import is_stored, vary_by
from settings import CacheKind

# Pages, and feeds.
SHARED = {"text/html", "application/atom+xml", "application/feed+json"}
# How each kind of cache wants the keys of a page: the header, and what stands between them.
KEYS = {
    CacheKind.FASTLY: ("Surrogate-Key", " "),
    CacheKind.VARNISH: ("xkey", " "),
    CacheKind.CLOUDFLARE: ("Cache-Tag", ","),
}
# Of a page: Akamai takes 128. What shows more is not stored for long.
MOST_KEYS = 100
# For how long the cache may answer with a page that has expired, while it asks for another: nothing
# has changed, or it was purged.
REVALIDATING_SECONDS = 60


def shows(*keys: str, further: Iterable[str] = ()) -> None:
    """Say what the page of this request shows.

    Args:
        keys, further: all surrogate keys (`blog.core.purging.keys`) that are marked when the page
            changes, as it is without a query. `SITE` is added. Without `PURGE_URL` the further
            ones are not made.
    """
    if current_app.settings.purge_url:
        g.shown_keys = {SITE, *keys, *further}


async def note_start() -> None:
    """Note the second in which the page is begun: it is no newer than that."""
    g.began_in = int(time.time())


async def allow_sharing(response: Response) -> Response:
    """Let shared caches store what is the same for every stranger."""
    settings = current_app.settings
    if not (settings.purge_url or settings.shared_cache_seconds):
        return response
    if "began_in" not in g or not _is_for_strangers(response):
        return response
    keys = _known_keys()
    if keys:
        name, separator = KEYS[settings.purge_cache]
        response.headers[name] = separator.join(sorted(keys))
    if keys and not await _have_changed(keys):
        lifetime = settings.purged_cache_seconds
        stale = f"stale-while-revalidate={REVALIDATING_SECONDS}"
        response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={lifetime}, {stale}"
        response.headers["X-Accel-Expires"] = "0"
    elif seconds := settings.shared_cache_seconds:
        response.headers["Cache-Control"] = f"public, max-age=0, s-maxage={seconds}"
        response.headers["X-Accel-Expires"] = f"@{g.began_in + seconds - 1}"
    else:
        return response
    # Or a cache would answer those with cookies, too (RFC 9111, 4.1).
    vary_by(response, "Cookie")
    return response


def _known_keys() -> set[str]:
    """The keys of the page; none if they are not known for certain."""
    keys: set[str] = g.get("shown_keys", set())
    return keys if not request.query_string and len(keys) <= MOST_KEYS else set()


async def _have_changed(keys: set[str]) -> bool:
    """Whether a page with these keys may be older than a change of what it shows.

    It asks the primary, once for all who are sent the same page at the same moment.
    """
    ask, primary = current_app.request_coalescer.read, current_app.database.reading_session
    try:
        return await ask(primary, are_stale, frozenset(keys))
    except Exception as error:
        if not is_unavailable(error):
            raise
        return True


def _is_for_strangers(response: Response) -> bool:
    """Whether neither the request nor the response tells one visitor from another."""
    if request.method not in {"GET", "HEAD"} or response.status_code not in {200, 304}:
        return False
    if response.mimetype not in SHARED or not is_stored(response):
        return False
    if request.headers.get("Cookie") or "Authorization" in request.headers:
        return False
    # A session that is new gets a cookie, whose secret is in the forms of the page.
    return not session and "Set-Cookie" not in response.headers


def init_app(app: Broadside) -> None:
    """Register this before what adds the other headers: it runs after that."""
    app.before_request(note_start)
    app.after_request(allow_sharing)
