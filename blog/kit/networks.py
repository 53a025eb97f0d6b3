"""Network addresses of clients, and the networks that they are in."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# What one party usually has under its control: a block of IPv4, one subscriber's IPv6
# (RFC 6177).
IPV4_PREFIX, IPV6_PREFIX = 24, 64


@lru_cache(maxsize=256)
def parsed_address(text: str | None) -> Address | None:
    """The address that a server names as its client's; `None` if it is none, as on a Unix socket.

    An IPv4 address in the clothes of IPv6 (`::ffff:192.0.2.1`) is taken for what it is, and
    the zone of a link-local one (`fe80::1%eth0`) is dropped: PostgreSQL knows none.
    """
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def network_of(address: Address) -> Network:
    """The network around an address: /24 of IPv4, /64 of IPv6."""
    if isinstance(address, IPv4Address):
        return IPv4Network((address, IPV4_PREFIX), strict=False)
    return IPv6Network((address, IPV6_PREFIX), strict=False)


def subscriber_of(address: Address) -> Network:
    """What counts as one client: an address of IPv4, but a /64 of IPv6.

    Whoever has one address in such a network has all 2⁶⁴ of them, a new one for each request.
    """
    if isinstance(address, IPv4Address):
        return IPv4Network(address)
    return network_of(address)
