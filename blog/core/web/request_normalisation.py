"""Normalise requests that HTTP allows in several forms."""

import re
from collections.abc import Iterable
from urllib.parse import unquote

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)

Header = tuple[bytes, bytes]

ABSOLUTE = re.compile(rb"https?://([^/]*)(.*)", re.IGNORECASE)


class NormalisationMiddleware:
    """ASGI middleware that makes the target a path and merges repeated headers.

    - A client may send an absolute URL, whose host takes precedence over the Host header (RFC 9112,
      3.2.2). hypercorn 0.18 passes it on as the path.
    - A list may be spread over several header lines (RFC 9110, 5.3), of which `request.headers`
      would show the first. If a header that is not a list is repeated, its merged value is invalid
      and its reader refuses it.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "http":
            scope = scope | {"headers": merged_headers(scope["headers"])}
            if not scope["path"].startswith("/"):
                scope = _with_path(scope)
        await self.app(scope, receive, send)


def merged_headers(headers: Iterable[Header]) -> list[Header]:
    """Merge headers of the same name, in order of first appearance."""
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in values:
            values[name] += (b"; " if name == b"cookie" else b", ") + value
        else:
            values[name] = value
    return list(values.items())


def _with_path(scope: HTTPScope) -> HTTPScope:
    """Replace any other form of target by a path (RFC 9112, 3.2)."""
    headers, path = list(scope["headers"]), scope["raw_path"]
    if absolute := ABSOLUTE.fullmatch(path):
        host, path = absolute.groups()
        headers = [header for header in headers if header[0] != b"host"] + [(b"host", host)]
    path = b"/" + path.removeprefix(b"/")
    return scope | {"headers": headers, "raw_path": path, "path": unquote(path.decode("latin1"))}
