"""Conditional requests: 304 for pages that the browser has in its cache (RFC 9110, 13)."""

import hashlib

from quart import Response, request, session

from blog.core.web import csrf
from blog.core.web.app import Broadside
from blog.core.web.headers import is_stored


def tag_of(page: bytes, secret: str = "") -> str:
    """The entity tag of a page.

    Args:
        secret: that of the session, if the page has forms.
    """
    return hashlib.blake2b(secret.encode() + page, digest_size=16).hexdigest()


async def answer_conditionally(response: Response) -> Response:
    """Add an ETag to a page, and answer 304 if the browser's copy matches.

    The ETag is a hash of the rendered page, so users always see what they just wrote. The token of
    its forms is masked anew in each response, and as good as the last one while the session's
    secret is the same. What is cached has a tag already (`blog.core.web.anonymous_pages`).
    """
    is_page = response.status_code == 200 and response.mimetype == "text/html"
    if not is_page or request.method not in {"GET", "HEAD"} or not is_stored(response):
        return response
    if "ETag" not in response.headers:
        page = csrf.without_token(await response.get_data(as_text=False))
        response.set_etag(tag_of(page, session.get(csrf.FIELD, "")), weak=True)
    if "If-None-Match" in request.headers or "If-Match" in request.headers:
        return await response.make_conditional(request)
    return response


def init_app(app: Broadside) -> None:
    app.after_request(answer_conditionally)
