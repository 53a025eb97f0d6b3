"""CORS: pages of other sites may use the API (Fetch Standard, "CORS protocol").

Any origin is allowed, because it gets no more than any other program: credentials are sent only if
the page itself adds them, and cookies are ignored.
"""

from quart import Quart, Response, request

from blog.core.errors import ForbiddenError
from blog.core.i18n import lazy_gettext
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


NOT_FROM_OTHER_SITES = lazy_gettext(
    "Other sites can only request a token with POST and a JSON object as the body."
)


def refuse_other_sites() -> None:
    """Refuse a cross-site request that the browser sends without a preflight.

    With a link, a form or an image, a browser also sends a stored password for HTTP Basic: the page
    cannot read the response, but the request takes effect. A request with JSON needs a preflight
    (Fetch Standard, "CORS-preflight request"), and is sent without stored credentials.

    Raises:
        ForbiddenError: the request comes from another site, by the browser's headers.
    """
    if not comes_from_here():
        raise ForbiddenError(NOT_FROM_OTHER_SITES)


async def allow_other_origins(response: Response) -> Response:
    """Add the CORS headers to the API's responses, and answer preflight requests."""
    if not is_for_api():
        return response
    response.headers["Access-Control-Allow-Origin"] = "*"
    response.headers["Access-Control-Expose-Headers"] = EXPOSED
    if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        response.headers.update(ALLOWED)
    return response


def init_app(app: Quart) -> None:
    app.after_request(allow_other_origins)
