"""Network addresses of clients, and the networks that they are in."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import NamedTuple

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


class Neighbourhood(NamedTuple):
    """A network around an address.

    Attributes:
        network: the network itself.
        share: how many times as much as a single client all of its clients together may do.
    """

    network: Network
    share: int


# Prefix lengths, the smallest network first, and their shares. A client of IPv4 is one address; of
# IPv6 it is a /64, because whoever has one address there has all 2⁶⁴ of them. Providers give a
# household a /56 or /64 and a company, or anybody who rents a server, up to a /48 (RFC 6177); a
# /24 is the smallest block of IPv4 that is routed, and that one party usually gets.
SHARES = {4: {32: 1, 24: 4}, 6: {64: 1, 56: 2, 48: 4}}


@lru_cache(maxsize=256)
def parsed_address(text: str | None) -> Address | None:
    """The address that a server names as its client's; `None` if it is none, as on a Unix socket.

    An IPv4 address in the form of an IPv6 address (`::ffff:192.0.2.1`) is read as IPv4, and
    the zone of a link-local one (`fe80::1%eth0`) is dropped: PostgreSQL has no zones.
    """
    try:
        address = ip_address((text or "").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


@lru_cache(maxsize=256)
def neighbourhoods(address: Address | None) -> tuple[Neighbourhood, ...]:
    """The nested networks around an address, the smallest first.

    A limit on each of them holds for somebody who uses many addresses, too.

    Args:
        address: of a client; `None`, for those on a Unix socket, counts as 0.0.0.0.
    """
    address = address or IPv4Address(0)
    return tuple(
        Neighbourhood(ip_network((address, prefix), strict=False), share)
        for prefix, share in SHARES[address.version].items()
    )
