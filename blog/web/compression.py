"""Texts are sent compressed to clients that can read them so (RFC 9110, 8.4.1.3 "Gzip Coding")."""

import gzip

from quart import Response, request
from quart.wrappers.response import DataBody

from blog.web.app import Broadside
from blog.web.headers import vary_by

SMALLEST = 1024
LEVEL = 5
# What the strong entity tag of a compressed representation ends with: it is another sequence of
# bytes than the plain one, and so has another tag (RFC 9110, 8.8.3.3).
GZIPPED = "-gzip"
COMPRESSIBLE = {
    "application/json",
    "application/problem+json",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/javascript",
    "text/plain",
}


async def compress(response: Response) -> Response:
    """Compress a text of some length, if the client accepts it and it was not done before."""
    if response.mimetype not in COMPRESSIBLE or "Content-Encoding" in response.headers:
        return response
    vary_by(response, "Accept-Encoding")
    if not isinstance(response.response, DataBody) or not request.accept_encodings["gzip"]:
        return response
    body = await response.get_data(as_text=False)
    if len(body) >= SMALLEST:
        response.set_data(gzip.compress(body, LEVEL, mtime=0))
        response.headers["Content-Encoding"] = "gzip"
        tag, is_weak = response.get_etag()
        if tag is not None and not is_weak:
            response.set_etag(tag + GZIPPED)
    return response


def init_app(app: Broadside) -> None:
    app.after_request(compress)
