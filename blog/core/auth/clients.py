"""The client of a request."""

from dataclasses import dataclass

from quart import request

from blog.core.auth.devices import KnownDevice, requesting_device
from blog.core.auth.trust import requesting_trust
from blog.core.networks import Address, parse_address
from blog.core.web.user_agents import device_name


@dataclass(frozen=True)
class Client:
    """A device at a network address.

    Attributes:
        device: its name, from the User-Agent header.
        address: its address; `None` on a Unix socket.
        known_device: the proof that the owner of an account has logged in on it before, if any.
        trust_token: the token of a trusted browser, if it is one.
    """

    device: str
    address: Address | None
    known_device: KnownDevice | None = None
    trust_token: str | None = None


def requesting_client() -> Client:
    """The client of the current request."""
    return Client(
        device=device_name(request.headers.get("User-Agent")),
        address=parse_address(request.remote_addr),
        known_device=requesting_device(),
        trust_token=requesting_trust(),
    )
