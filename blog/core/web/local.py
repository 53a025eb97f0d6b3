"""Requests that come from this machine itself."""

from quart import request

from blog.core.networks import parsed_address
from blog.core.web.hosts import HOST

# What proxies add to the requests that they hand on.
FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
              "X-Real-IP")  # fmt: skip
OWN_NAMES = {"localhost", "127.0.0.1", "::1"}


def comes_from_this_machine() -> bool:
    """Whether a program on this machine sent the request.

    Of what a proxy hands on, the sender seems to be here if the proxy is, and is not trusted or
    says nothing; but its headers tell.
    """
    sender = parsed_address(request.remote_addr)
    is_forwarded = any(name in request.headers for name in FORWARDING)
    return sender is not None and sender.is_loopback and not is_forwarded


def asks_this_machine() -> bool:
    """Whether a program on this machine sent the request here by one of this machine's own names.

    By the site's name it may come through a proxy that adds no headers, or from a browser here
    that was led to this address by a foreign page.
    """
    named = HOST.fullmatch(request.headers.get("Host", ""))
    host = named[1].lower().strip("[]") if named else ""
    return host in OWN_NAMES and comes_from_this_machine()
