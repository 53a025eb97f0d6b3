"""Requests to other sites, at URLs that people enter.

Such a request must not reach what only this server can reach: itself, its neighbours, the metadata
service of a cloud (server-side request forgery, CWE-918). So the address of a host is checked where
the connection is opened, to exactly that address: no second look-up can lead elsewhere, and
redirects are checked as well. Neither a proxy from the environment nor cookies are used.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

import httpcore

from blog.core.i18n import lazy_gettext
from blog.core.telemetry import spans

SECONDS, SECONDS_TO_CONNECT = 20.0, 5.0
TIMEOUTS = {
    "timeout": {
        "connect": SECONDS_TO_CONNECT, "pool": SECONDS_TO_CONNECT, "read": SECONDS, "write": SECONDS
    }
}  # fmt: skip
MOST_REDIRECTS = 3
REDIRECTS = {301, 302, 303, 307, 308}
PORTS = {"http": 80, "https": 443}
# The range assigned to the public internet (IANA, "IPv6 Address Space"), and addresses in it that
# stand for IPv4 addresses (RFC 3056, RFC 4380).
GLOBAL_UNICAST = IPv6Network("2000::/3")
TRANSLATED = (IPv6Network("2002::/16"), IPv6Network("2001::/32"))

Fields = Sequence[tuple[str, str]]

IS_NO_ADDRESS = lazy_gettext("Please enter a URL that starts with http:// or https://.")
IS_NOT_PUBLIC = lazy_gettext("This address isn't on the public internet.")
NO_ANSWER = lazy_gettext("The other site isn't responding.")
WAS_REFUSED = lazy_gettext("The other site responded with status %(status)s.")
TOO_MANY_REDIRECTS = lazy_gettext("The other site redirected us too many times.")
IS_TOO_LARGE = lazy_gettext("The other site sent too much data.")
IS_ENCODED = lazy_gettext("The other site sent the file in an encoding we can't read.")


class FetchError(Exception):
    """The URL can't be fetched; the message is for the person who entered it."""


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether an address is on the public internet, and belongs to a single host.

    IPv6 addresses that stand for IPv4 addresses are not: gateways might lead anywhere.
    """
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address not in GLOBAL_UNICAST or any(address in network for network in TRANSLATED):
            return False
    return address.is_global and not address.is_multicast


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to hosts all of whose addresses are public.

    Args:
        internal_host: one host whose addresses needn't be, because the operator has configured it.
    """

    def __init__(self, internal_host: str | None = None) -> None:
        self._backend = httpcore.AnyIOBackend()
        self._internal_host = internal_host

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 (as the base class has it)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to one of the addresses of a host.

        Raises:
            FetchError: it has none, or one that is not public.
            httpcore.ConnectError, httpcore.ConnectTimeout: none of them answers.
        """
        addresses = await resolve(host, port)
        if host != self._internal_host and not all(map(is_public, addresses)):
            raise FetchError(IS_NOT_PUBLIC)
        failure: Exception = FetchError(NO_ANSWER)
        for address in addresses:
            try:
                return await self._backend.connect_tcp(
                    str(address), port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure


async def resolve(host: str, port: int) -> list[IPv4Address | IPv6Address]:
    """Look up the addresses of a host.

    Raises:
        FetchError: it has none.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise FetchError(NO_ANSWER) from None
    # A zone, as in fe80::1%eth0, belongs to addresses that are not public.
    return list(dict.fromkeys(ip_address(str(each[4][0]).partition("%")[0]) for each in found))


@asynccontextmanager
async def fetch(url: str, agent: str) -> AsyncIterator[AsyncIterator[bytes]]:
    """Fetch an image from another site, following redirects.

    Args:
        url: an http or https URL, without a non-standard port or a password.
        agent: the `User-Agent`.

    Yields:
        The content in pieces; the caller limits its size.

    Raises:
        FetchError: within the context too.
    """
    async with _send_request(url, agent, _Request({"Accept": "image/*"})) as response:
        headers = {name.lower(): value for name, value in response.headers}
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise FetchError(IS_ENCODED)
        yield response.aiter_stream()


async def fetch_document(
    url: str, agent: str, *, largest: int, fields: Fields | None = None, authorization: str = "",
    internal_host: str | None = None,
) -> bytes:  # fmt: skip
    """Fetch a small document from another site.

    Args:
        url, agent: as for `fetch`. Redirects are followed, but not for a form.
        largest: the maximum size, in bytes.
        fields: names and values of a form to send.
        authorization: the value of the header `Authorization`, if needed.
        internal_host: a host that may have any port and any address.

    Raises:
        FetchError: it can't be read, or is larger.
    """
    headers = {"Accept": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    request = _Request(headers) if fields is None else _form(fields, headers)
    async with _send_request(url, agent, request, internal_host) as response:
        document = b""
        async for piece in response.aiter_stream():
            document += piece
            if len(document) > largest:
                raise FetchError(IS_TOO_LARGE)
        return document


async def send_form(url: str, agent: str, fields: Fields) -> None:
    """Send a form to another site. Its response is not read, and redirects are not followed.

    Args:
        url, agent: as for `fetch`.
        fields: names and values.

    Raises:
        FetchError: it was not accepted.
    """
    async with _send_request(url, agent, _form(fields)):
        pass


async def send(
    url: str, agent: str, *, method: str, headers: Mapping[str, str], content: bytes = b"",
    internal_host: str | None = None,
) -> None:  # fmt: skip
    """Send a request to another site. Its response is not read, and redirects are not followed.

    Args:
        url, agent: as for `fetch`.
        method: the method, not GET.
        headers: further headers.
        content: the body.
        internal_host: as for `fetch_document`.

    Raises:
        FetchError: it was not accepted.
    """
    async with _send_request(url, agent, _Request(headers, method, content), internal_host):
        pass


class _Request(NamedTuple):
    headers: Mapping[str, str]
    method: str = "GET"
    content: bytes | None = None


def _form(fields: Fields, headers: Mapping[str, str] | None = None) -> _Request:
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    return _Request({**form_type, **(headers or {})}, "POST", urlencode(fields).encode())


@asynccontextmanager
async def _send_request(
    url: str, agent: str, request: _Request, internal_host: str | None = None
) -> AsyncIterator[httpcore.Response]:
    """Send a request; redirects are followed for GET only.

    Yields:
        The response, with a successful status.

    Raises:
        FetchError: within the context too: the other site doesn't answer in time.
    """
    headers, method, content = request
    is_get = method == "GET"
    success = range(200, 201) if is_get else range(200, 300)
    sent = {"User-Agent": agent, "Accept-Encoding": "identity", **headers}
    options: dict[str, Any] = {"headers": sent, "content": content, "extensions": TIMEOUTS}
    try:
        # The host is left out, because it may identify a person.
        with spans.span(f"fetch {method}", "CLIENT"):
            async with (
                asyncio.timeout(SECONDS),
                httpcore.AsyncConnectionPool(network_backend=PublicOnly(internal_host)) as pool,
            ):
                for _ in range(MOST_REDIRECTS + 1):
                    async with pool.stream(
                        method, validate_url(url, internal_host), **options
                    ) as response:
                        found = {name.lower(): value for name, value in response.headers}
                        is_redirect = response.status in REDIRECTS and is_get
                        if is_redirect and (target := found.get(b"location")):
                            url = urljoin(url, target.decode("latin-1"))
                            continue
                        if response.status not in success:
                            raise FetchError(WAS_REFUSED.with_values(status=response.status))
                        yield response
                        return
                raise FetchError(TOO_MANY_REDIRECTS)
    except (
        httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, TimeoutError,
    ):  # fmt: skip
        raise FetchError(NO_ANSWER) from None


def validate_url(url: str, internal_host: str | None = None) -> str:
    """Return a URL if it may be requested.

    Raises:
        FetchError: it may not.
    """
    try:
        parts = urlsplit(url)
        is_fine = (
            parts.scheme in PORTS
            and parts.hostname
            and parts.username is None
            and (parts.hostname == internal_host or parts.port in {None, PORTS[parts.scheme]})
            and url.isascii()
        )
    except ValueError:
        is_fine = False
    if not is_fine:
        raise FetchError(IS_NO_ADDRESS)
    return url
