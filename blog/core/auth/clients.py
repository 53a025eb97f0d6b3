"""What sends a request."""

from dataclasses import dataclass

from quart import request

from blog.core.auth.devices import KnownDevice, requesting_device
from blog.core.networks import Address, parsed_address
from blog.core.web.user_agents import device_name


@dataclass(frozen=True)
class Client:
    """What sends a request: a device by its own account, at a network address.

    Attributes:
        known_device: what proves that its owner has logged in to some account before.
    """

    device: str
    address: Address | None
    known_device: KnownDevice | None = None


def requesting_client() -> Client:
    """The client of the current request."""
    return Client(
        device=device_name(request.headers.get("User-Agent")),
        address=parsed_address(request.remote_addr),
        known_device=requesting_device(),
    )
