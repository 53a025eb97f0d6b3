"""Estimate the number of distinct visitors without storing a list of them.

This is HyperLogLog (Flajolet et al., 2007) with linear counting of small numbers: a visitor is
hashed, some bits of the hash choose one of `REGISTERS`, and that stores the largest rank, based on
the number of leading zeros among the other bits. Many visitors share a register, so it reveals
nothing about any of them.

The hash is keyed with the salt of the day and begins with the post: the marks of a visitor differ
from post to post and from day to day. Once the salt is deleted, nobody can compute them again.
"""

import math
from hashlib import blake2b
from ipaddress import IPv4Address

from blog.core.networks import Address, enclosing_networks

BITS = 10
REGISTERS = 1 << BITS
# The remaining bits, used for the rank.
REST = 64 - BITS
SALT_BYTES = 32
# The standard error of large numbers: 3 %.
STANDARD_ERROR = 1.04 / math.sqrt(REGISTERS)
_ALPHA = 0.7213 / (1 + 1.079 / REGISTERS)


def mark(salt: bytes, post_id: int, address: Address | None, agent: str) -> tuple[int, int]:
    """The register and the rank of a visitor of a post.

    Args:
        salt: the secret of the day.
        post_id: the post.
        address: their IP address. For IPv6 the household's network counts, whose addresses change.
        agent: their user agent.
    """
    network = enclosing_networks(address or IPv4Address(0))[0].network
    visit = f"{post_id}\0{network}\0{agent}".encode(errors="replace")
    number = int.from_bytes(blake2b(visit, key=salt, digest_size=8).digest())
    return number % REGISTERS, REST + 1 - (number >> BITS).bit_length()


def estimate(used: int, inverse: float) -> int:
    """Estimate the number of visitors from the marks of a post.

    Args:
        used: the number of registers with a mark.
        inverse: the sum of 2 to the power of minus the rank over these registers.
    """
    unused = REGISTERS - used
    large = _ALPHA * REGISTERS**2 / (unused + inverse)
    if large <= 2.5 * REGISTERS and unused:
        return round(REGISTERS * math.log(REGISTERS / unused))
    return round(large)
