"""Client address, scheme and host from the headers of trusted proxies.

Any client can send `X-Forwarded-For`, `-Proto` and `-Host`, so they count only if the sender is in
`TRUSTED_PROXIES`. `Forwarded` (RFC 7239) is ignored, because proxies that set the other headers
pass it on unchanged from the client.
"""

from ipaddress import IPv4Network, IPv6Network

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)

from blog.core.networks import Address, parse_address
from blog.core.web.hosts import HOST

Proxies = int | tuple[IPv4Network | IPv6Network, ...]
# In the extensions of the scope (ASGI, HTTP & WebSocket) of a request that a trusted proxy sent.
PROXIED = "broadside.proxied"


class TrustedProxies:
    """ASGI middleware that presents a request as the outermost trusted proxy received it.

    Args:
        app: the application.
        proxies: the number of proxies in front of the application, or their networks. A client on a
            Unix socket has no address: trust it by number.
    """

    def __init__(self, app: ASGIFramework, proxies: Proxies) -> None:
        self.app = app
        self._proxies = proxies

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "http":
            client = scope.get("client")
            sender = parse_address(client[0]) if client else None
            if self._trusts(sender, hops=0):
                scope = self._as_forwarded(scope, sender)
        await self.app(scope, receive, send)

    def _trusts(self, sender: Address | None, hops: int) -> bool:
        """Whether to trust `sender`, `hops` proxies away."""
        if isinstance(self._proxies, int):
            return hops < self._proxies
        return sender is not None and any(sender in network for network in self._proxies)

    def _as_forwarded(self, scope: HTTPScope, sender: Address | None) -> HTTPScope:
        """The scope with the forwarded values, as far as they are well-formed.

        Each proxy appends the address of its client. So the list is read from the right, up to the
        first untrusted sender; everything left of that may be forged. The scheme and the host are
        those of the nearest proxy.
        """
        for hops, text in enumerate(reversed(_values(scope, b"x-forwarded-for"))):
            address = _address(text)
            if address is None or not self._trusts(sender, hops):
                break
            sender = address
        client = (str(sender), 0) if sender else None

        scheme = _last(scope, b"x-forwarded-proto").lower()
        host = _last(scope, b"x-forwarded-host")
        extensions: dict[str, dict[str, object]] = scope.get("extensions", {})
        headers = list(scope["headers"])
        if HOST.fullmatch(host):
            headers = [header for header in headers if header[0] != b"host"]
            headers.append((b"host", host.encode()))
        return scope | {
            "client": client,
            "scheme": scheme if scheme in {"http", "https"} else scope["scheme"],
            "headers": headers,
            "extensions": extensions | {PROXIED: {}},
        }


def _values(scope: HTTPScope, name: bytes) -> list[str]:
    """The values of a list header, in order, over all its lines."""
    lists = [value.decode("latin1") for header, value in scope["headers"] if header == name]
    return [value.strip() for value in ",".join(lists).split(",")]


def _last(scope: HTTPScope, name: bytes) -> str:
    return _values(scope, name)[-1]


def _address(text: str) -> Address | None:
    """Parse an address; some proxies append the port: `[2001:db8::1]:49152`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return parse_address(text)
