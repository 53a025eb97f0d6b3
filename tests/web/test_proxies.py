"""Forwarded headers count where the sender is a proxy that the settings name."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, Scope

from blog import create_app
from blog.core.crypto.passwords import Passwords
from blog.core.web.app import Broadside
from blog.core.web.proxies import TrustedProxies
from blog.models import User
from settings import Settings
from tests.support import Browser

NETWORKS = "127.0.0.1/32, 10.0.0.0/8, 2001:db8:f::/48"
CLIENT = "198.51.100.7"


async def seen(
    proxies: object, peer: str | None, *headers: tuple[str, str]
) -> tuple[str | None, str, str]:
    """The client, scheme and host that the application sees of a request to `blog.test`."""
    got: list[Scope] = []

    async def application(
        scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        got.append(scope)

    trusted = Settings(_env_file=None, trusted_proxies=proxies).trusted_proxies  # type: ignore[arg-type, call-arg]
    scope = {
        "type": "http",
        "scheme": "http",
        "client": (peer, 50000) if peer else None,
        "headers": [(b"host", b"blog.test")]
        + [(name.lower().encode(), value.encode("latin1")) for name, value in headers],
    }
    await TrustedProxies(application, trusted)(scope, None, None)  # type: ignore[arg-type]
    (scope,) = got  # type: ignore[assignment]
    client = scope["client"]
    hosts = [value.decode() for name, value in scope["headers"] if name == b"host"]  # type: ignore[union-attr]
    assert len(hosts) == 1
    return client[0] if client else None, scope["scheme"], hosts[0]  # type: ignore[index, return-value]


def forwarded_for(*lists: str) -> list[tuple[str, str]]:
    """One header for each list."""
    return [("X-Forwarded-For", addresses) for addresses in lists]


@pytest.mark.parametrize(
    ("proxies", "peer", "lists", "client"),
    [
        # No proxy is trusted unless it is named.
        (0, "127.0.0.1", ["203.0.113.9"], "127.0.0.1"),
        ("", "127.0.0.1", ["203.0.113.9"], "127.0.0.1"),
        (NETWORKS, CLIENT, ["203.0.113.9"], CLIENT),
        (NETWORKS, None, ["203.0.113.9"], None),
        # As far from the right as proxies have written it.
        (NETWORKS, "127.0.0.1", [CLIENT], CLIENT),
        (NETWORKS, "127.0.0.1", [f"203.0.113.9, {CLIENT}"], CLIENT),
        (NETWORKS, "127.0.0.1", [f"10.0.0.1, {CLIENT}, 10.0.0.5 , 10.0.0.6"], CLIENT),
        (NETWORKS, "127.0.0.1", ["203.0.113.9", CLIENT, "10.0.0.5"], CLIENT),
        (NETWORKS, "127.0.0.1", ["10.0.0.5, 10.0.0.6"], "10.0.0.5"),
        (NETWORKS, "127.0.0.1", [], "127.0.0.1"),
        # By their number, wherever they are.
        (1, CLIENT, ["203.0.113.9, 203.0.113.10"], "203.0.113.10"),
        (2, CLIENT, ["203.0.113.8, 203.0.113.9, 203.0.113.10"], "203.0.113.9"),
        (3, CLIENT, ["203.0.113.9, 203.0.113.10"], "203.0.113.9"),
        (1, None, ["203.0.113.9"], "203.0.113.9"),
        (1, None, [], None),
        # In other notations.
        (NETWORKS, "::ffff:127.0.0.1", [f"::ffff:{CLIENT}"], CLIENT),
        (NETWORKS, "2001:db8:f::1", ["2001:DB8::7"], "2001:db8::7"),
        (NETWORKS, "127.0.0.1", [f"{CLIENT}:49152"], CLIENT),
        (NETWORKS, "127.0.0.1", ["[2001:db8::7]:49152"], "2001:db8::7"),
        (NETWORKS, "127.0.0.1", ["[2001:db8::7]"], "2001:db8::7"),
        # What is malformed is no address, and nor is anything beyond it.
        (NETWORKS, "127.0.0.1", ["unknown"], "127.0.0.1"),
        (NETWORKS, "127.0.0.1", [""], "127.0.0.1"),
        (NETWORKS, "127.0.0.1", [f"{CLIENT}, \xff, 10.0.0.5"], "10.0.0.5"),
        (NETWORKS, "127.0.0.1", [f"{CLIENT}, '; DROP TABLE users, 10.0.0.5"], "10.0.0.5"),
        (1, CLIENT, ["999.1.1.1"], CLIENT),
    ],
)
async def test_the_client_is_whom_the_first_trusted_proxy_names(
    proxies: object, peer: str | None, lists: list[str], client: str | None
) -> None:
    assert (await seen(proxies, peer, *forwarded_for(*lists)))[0] == client


@pytest.mark.parametrize(
    ("headers", "scheme", "host"),
    [
        ([("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "a.test")], "https", "a.test"),
        ([("X-Forwarded-Proto", "HTTPS")], "https", "blog.test"),
        ([("X-Forwarded-Host", "[2001:db8::1]:8443")], "http", "[2001:db8::1]:8443"),
        # The nearest proxy's word counts.
        ([("X-Forwarded-Proto", "https, http")], "http", "blog.test"),
        ([("X-Forwarded-Host", "evil.test"), ("X-Forwarded-Host", "a.test")], "http", "a.test"),
        # What is malformed does not.
        ([("X-Forwarded-Proto", "javascript"), ("X-Forwarded-Host", "a b")], "http", "blog.test"),
        ([("X-Forwarded-Proto", ""), ("X-Forwarded-Host", "")], "http", "blog.test"),
        ([("Forwarded", "for=203.0.113.9;proto=https;host=a.test")], "http", "blog.test"),
    ],
)
async def test_scheme_and_host_are_what_the_nearest_proxy_says(
    headers: list[tuple[str, str]], scheme: str, host: str
) -> None:
    for proxies in (NETWORKS, 1):
        assert (await seen(proxies, "127.0.0.1", *headers))[1:] == (scheme, host)
    assert (await seen(NETWORKS, CLIENT, *headers))[1:] == ("http", "blog.test")


@asynccontextmanager
async def behind_a_proxy(
    make_settings: Callable[..., Settings], **changes: object
) -> AsyncIterator[Broadside]:
    """An application that trusts a proxy at 127.0.0.1."""
    app = create_app(make_settings(trusted_proxies="127.0.0.1/32", **changes))
    app.passwords = Passwords(time_cost=1, memory_kib=8)
    async with app.test_app():
        yield app


async def test_the_list_of_sessions_shows_the_client_and_not_the_proxy(
    make_settings: Callable[..., Settings], susan: User
) -> None:
    async with behind_a_proxy(make_settings) as app:
        for address, shown in (("127.0.0.1", CLIENT), ("192.0.2.1", "192.0.2.1")):
            async with Browser(app, address) as browser:
                browser.headers["X-Forwarded-For"] = f"203.0.113.9, {CLIENT}"
                await browser.log_in("susan")
                page = (await browser.get("/auth/sessions")).text
            assert f"<dd><bdi>{shown}</bdi></dd>" in page
            assert "203.0.113" not in page


async def test_guesses_through_one_proxy_are_counted_by_their_clients(
    make_settings: Callable[..., Settings], susan: User
) -> None:
    async def guess(app: Broadside, forwarded: str) -> httpx.Response:
        async with Browser(app) as browser:
            browser.headers["X-Forwarded-For"] = forwarded
            return await browser.submit("/auth/login", {"email": "susan", "password": "wrong"})

    async with behind_a_proxy(make_settings) as app:
        for number in range(5):
            assert (await guess(app, f"203.0.113.{number}, {CLIENT}")).status_code == 422
        assert (await guess(app, f"203.0.113.99, {CLIENT}")).status_code == 429
        assert (await guess(app, "192.0.2.55")).status_code == 422


async def test_a_form_is_accepted_from_the_host_that_people_see(
    make_settings: Callable[..., Settings], susan: User
) -> None:
    async with behind_a_proxy(make_settings, allowed_hosts="inside.test") as app:
        for origin, status in (("https://blog.test", 302), ("https://other.test", 400)):
            async with Browser(app) as browser:
                browser.headers.update(
                    {
                        "Host": "inside.test",
                        "X-Forwarded-Host": "blog.test",
                        "Origin": origin,
                    }
                )
                token = await browser.token("/auth/login")
                answer = await browser.post(
                    "/auth/login",
                    data={
                        "csrf_token": token,
                        "email": "susan",
                        "password": "correct horse battery",
                    },
                )
            assert answer.status_code == status
