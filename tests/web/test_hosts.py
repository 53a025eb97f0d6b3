"""The site answers to its own names only."""

from collections.abc import Callable

import httpx
import pytest

from blog import create_app
from blog.core.web.app import Broadside
from blog.core.web.hosts import allowed_hosts, is_allowed
from blog.models import User
from settings import Settings
from tests.support import Browser, outbox


async def ask(app: Broadside, host: str, address: str = "/") -> httpx.Response:
    """Ask with a Host header."""
    async with Browser(app) as browser:
        return await browser.get(address, headers={"Host": host})


@pytest.mark.parametrize(
    "host",
    ["evil.example", "blog.test.evil.example", "evilblog.test", "127.0.0.1", "localhost:5000",
     "[::1]", "blog.test@evil.example", "blog.test/evil", "a b<c>", "blog.test:x", ".test"],
)  # fmt: skip
async def test_a_foreign_host_gets_a_short_refusal(app: Broadside, host: str) -> None:
    for address in ("/", "/auth/login", "/static/favicon.svg", "/nowhere", "/auth"):
        answer = await ask(app, host, address)
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert len(answer.text.splitlines()) == 1
        assert host not in f"{answer.text}{answer.headers}"


@pytest.mark.parametrize("host", ["blog.test", "BLOG.test", "blog.test:443", "blog.test:8443"])
async def test_the_sites_host_is_accepted_with_any_port(app: Broadside, host: str) -> None:
    assert (await ask(app, host)).status_code == 200


async def test_an_address_with_a_slash_too_many_leads_to_the_sites_own_name(
    make_settings: Callable[..., Settings],
) -> None:
    app = create_app(make_settings(allowed_hosts="other.test"))
    async with app.test_app():
        answer = await ask(app, "other.test", "/user//susan")
    assert answer.status_code == 308
    assert answer.headers["location"] == "https://blog.test/user/susan"


async def test_a_balancer_may_ask_for_health_by_an_address(app: Broadside) -> None:
    for address in ("/healthz", "/readyz"):
        assert (await ask(app, "10.0.0.7:5000", address)).status_code == 200


@pytest.mark.parametrize(
    ("settings", "allowed", "refused"),
    [
        (
            {"allowed_hosts": "Other.test, .sub.test"},
            ["blog.test", "other.test", "sub.test", "a.sub.test", "a.b.sub.test"],
            ["a.other.test", "asub.test", "test", ""],
        ),
        ({"base_url": "https://[2001:DB8::1]:8443"}, ["[2001:db8::1]", "[2001:db8::1]:1"], ["::1"]),
        ({"env": "development"}, ["localhost:5000", "127.0.0.1", "[::1]:5000"], ["0.0.0.0"]),
    ],
)
def test_which_names_are_allowed(
    make_settings: Callable[..., Settings],
    settings: dict[str, str],
    allowed: list[str],
    refused: list[str],
) -> None:
    names = allowed_hosts(make_settings(**settings))
    assert [host for host in allowed + refused if is_allowed(host, names)] == allowed


async def test_an_allowed_host_is_in_no_mail_and_in_no_redirect(
    app: Broadside, susan: User, make_settings: Callable[..., Settings]
) -> None:
    other = create_app(make_settings(allowed_hosts="other.test"))
    async with other.test_app(), Browser(other) as browser:
        browser.headers["Host"] = "other.test"
        answer = await browser.submit("/auth/reset", {"email": susan.email})
        assert answer.headers["location"].startswith("/")
        (mail,) = await outbox(other)
    assert "https://blog.test/auth/reset/" in mail.text
    assert "other.test" not in mail.text + mail.html
