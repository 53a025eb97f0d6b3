"""The networks that clients are in."""

from ipaddress import ip_address, ip_network

import pytest

from blog.kit.networks import network_of, parsed_address, subscriber_of


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
    assert parsed_address(text) == ip_address(address)


@pytest.mark.parametrize("text", [None, "", "<local>", "localhost", "192.0.2.256", "192.0.2.1:80"])
def test_what_is_no_address_is_none(text: str | None) -> None:
    assert parsed_address(text) is None


@pytest.mark.parametrize(
    ("address", "network", "subscriber"),
    [
        ("192.0.2.1", "192.0.2.0/24", "192.0.2.1/32"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64", "2001:db8:1:2::/64"),
    ],
)
def test_a_network_is_a_block_of_ipv4_and_a_subscriber_of_ipv6(
    address: str, network: str, subscriber: str
) -> None:
    assert network_of(ip_address(address)) == ip_network(network)
    assert subscriber_of(ip_address(address)) == ip_network(subscriber)
