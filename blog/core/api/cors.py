"""Letting pages of other sites use the API (Fetch Standard, "CORS protocol").

Any origin may, for it gets nothing that a program of its own would not: credentials go along only
where the page itself puts them into the request, and cookies mean nothing here.
"""

from quart import Quart, Response, request

from blog.core.errors import ForbiddenError
from blog.core.web.csrf import comes_from_here
from blog.core.web.requests import is_for_api

ALLOWED = {
    "Access-Control-Allow-Headers": (
        "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-ID"
    ),
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS",
    "Access-Control-Max-Age": "86400",
}
EXPOSED = (
    "Allow, ETag, Idempotency-Replayed, Link, Location, RateLimit, RateLimit-Policy, Retry-After, "
    "WWW-Authenticate, X-Request-ID"
)


NOT_FROM_OTHER_SITES = (
    "A page of another site may ask for a token only by POST, with a JSON object as the body."
)


def refuse_other_sites() -> None:
    """Refuse a request that a page of another site may have caused without asking us first.

    With a link, a form or an image, a browser sends along a password for HTTP Basic that it has
    kept: the page learns nothing, but something is done. For a request with JSON it asks first
    (Fetch Standard, "CORS-preflight request"), and then sends nothing that it has kept.

    Raises:
        ForbiddenError: a browser says that it comes from there.
    """
    if not comes_from_here():
        raise ForbiddenError(NOT_FROM_OTHER_SITES)


async def allow_other_origins(response: Response) -> Response:
    """Say so in the answers of the API, and to browsers that ask before they send something."""
    if not is_for_api():
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers.update(ALLOWED)
    return response


def init_app(app: Quart) -> None:
    app.after_request(allow_other_origins)
