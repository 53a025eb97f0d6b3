"""Requests from this machine."""

from quart import request

from blog.core.networks import parse_address
from blog.core.web.hosts import HOST

# Headers that proxies add to requests.
FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
              "X-Real-IP")  # fmt: skip
OWN_NAMES = {"localhost", "127.0.0.1", "::1"}


def comes_from_this_machine() -> bool:
    """Whether the request comes from a program on this machine.

    A request through an untrusted local proxy also has a loopback address; the proxy's headers
    reveal it.
    """
    sender = parse_address(request.remote_addr)
    is_forwarded = any(name in request.headers for name in FORWARDING)
    return sender is not None and sender.is_loopback and not is_forwarded


def asks_this_machine() -> bool:
    """Whether the request comes from this machine and names a loopback host.

    A request for the site's name may come through a proxy that adds no headers, or from a local
    browser by DNS rebinding.
    """
    named = HOST.fullmatch(request.headers.get("Host", ""))
    host = named[1].lower().strip("[]") if named else ""
    return host in OWN_NAMES and comes_from_this_machine()
