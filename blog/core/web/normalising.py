"""One form for each request, of those that HTTP has for it."""

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


class OneForm:
    """ASGI middleware: shows the application a target that is a path, and each header once.

    - A client may send the address as a whole. Its host is the one that counts, whatever the
      Host header says (RFC 9112, 3.2.2).
    - A list may be spread over several headers of a name (RFC 9110, 5.3), of which
      `request.headers` would show the first. A header that is no list is no valid one when it
      was sent twice, and is dealt with as such by what reads it.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "http":
            scope = scope | {"headers": joined(scope["headers"])}
            if not scope["path"].startswith("/"):
                scope = _with_path(scope)
        await self.app(scope, receive, send)


def joined(headers: Iterable[Header]) -> list[Header]:
    """The headers, each name once, in the order of their first appearance."""
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        if name in values:
            values[name] += (b"; " if name == b"cookie" else b", ") + value
        else:
            values[name] = value
    return list(values.items())


def _with_path(scope: HTTPScope) -> HTTPScope:
    """The same request with a path, whatever its target is (RFC 9112, 3.2)."""
    headers, path = list(scope["headers"]), scope["raw_path"]
    if absolute := ABSOLUTE.fullmatch(path):
        host, path = absolute.groups()
        headers = [header for header in headers if header[0] != b"host"] + [(b"host", host)]
    path = b"/" + path.removeprefix(b"/")
    return scope | {"headers": headers, "raw_path": path, "path": unquote(path.decode("latin1"))}
