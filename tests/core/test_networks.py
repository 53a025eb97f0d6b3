"""The networks that clients are in."""

from ipaddress import ip_address
from itertools import pairwise

import pytest

from blog.core.networks import enclosing_networks, parse_address


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_an_address_is_read_in_every_form(text: str, address: str) -> None:
    assert parse_address(text) == ip_address(address)


@pytest.mark.parametrize("text", [None, "", "<local>", "localhost", "192.0.2.256", "192.0.2.1:80"])
def test_an_invalid_address_is_none(text: str | None) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("192.0.2.1", ["192.0.2.1/32", "192.0.2.0/24"]),
        ("2001:db8:1:2ff:3::4", ["2001:db8:1:2ff::/64", "2001:db8:1:200::/56", "2001:db8:1::/48"]),
        (None, ["0.0.0.0/32", "0.0.0.0/24"]),
    ],
)
def test_networks_are_nested_and_larger_ones_may_do_more(
    address: str | None, networks: list[str]
) -> None:
    found = enclosing_networks(parse_address(address))
    assert [str(each.network) for each in found] == networks
    assert all(inner.share < outer.share for inner, outer in pairwise(found))
    assert found[0].share == 1
