"""What trusted proxies say about a request: who sent it, by which scheme, and to which host.

`X-Forwarded-For`, `-Proto` and `-Host` are only headers, which anybody can send. They count where
the sender is a proxy that `TRUSTED_PROXIES` names. `Forwarded` (RFC 7239) never does: a proxy
that writes the others hands that one on as its client has written it.
"""

from ipaddress import IPv4Network, IPv6Network

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    HTTPScope,
    Scope,
)

from blog.core.networks import Address, parsed_address
from blog.core.web.hosts import HOST

Proxies = int | tuple[IPv4Network | IPv6Network, ...]


class TrustedProxies:
    """ASGI middleware: shows the application a request as the first trusted proxy has got it.

    Args:
        app: the application.
        proxies: how many proxies each request comes through, wherever they are, or the
            networks that they are in. Whoever comes through a Unix socket has no
            address, and so is in no network; but he can be counted.
    """

    def __init__(self, app: ASGIFramework, proxies: Proxies) -> None:
        self.app = app
        self._proxies = proxies

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "http":
            client = scope.get("client")
            sender = parsed_address(client[0]) if client else None
            if self._trusts(sender, hops=0):
                scope = self._as_forwarded(scope, sender)
        await self.app(scope, receive, send)

    def _trusts(self, sender: Address | None, hops: int) -> bool:
        """Whether to believe `sender`, with so many proxies between him and us."""
        if isinstance(self._proxies, int):
            return hops < self._proxies
        return sender is not None and any(sender in network for network in self._proxies)

    def _as_forwarded(self, scope: HTTPScope, sender: Address | None) -> HTTPScope:
        """The request with what is well-formed of its headers put in place.

        Each proxy appends the address it was asked from. So they are read from the right, as
        far as he who has written one is trusted: what is left of that can be made up. The
        scheme and the host are what the nearest proxy says.
        """
        for hops, text in enumerate(reversed(_values(scope, b"x-forwarded-for"))):
            address = _address(text)
            if address is None or not self._trusts(sender, hops):
                break
            sender = address
        client = (str(sender), 0) if sender else None

        scheme = _last(scope, b"x-forwarded-proto").lower()
        host = _last(scope, b"x-forwarded-host")
        headers = list(scope["headers"])
        if HOST.fullmatch(host):
            headers = [header for header in headers if header[0] != b"host"]
            headers.append((b"host", host.encode()))
        return scope | {
            "client": client,
            "scheme": scheme if scheme in {"http", "https"} else scope["scheme"],
            "headers": headers,
        }


def _values(scope: HTTPScope, name: bytes) -> list[str]:
    """What all headers of a name list, in order."""
    lists = [value.decode("latin1") for header, value in scope["headers"] if header == name]
    return [value.strip() for value in ",".join(lists).split(",")]


def _last(scope: HTTPScope, name: bytes) -> str:
    return _values(scope, name)[-1]


def _address(text: str) -> Address | None:
    """An address, from which some proxies do not part the port: `[2001:db8::1]:49152`."""
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    return parsed_address(text)
