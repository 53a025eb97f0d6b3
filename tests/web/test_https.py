"""HTTPS_REDIRECT redirects to HTTPS and sends HSTS."""

from collections.abc import AsyncIterator, Callable

import pytest

from blog import create_app
from blog.core.web.app import Broadside
from settings import Settings
from tests.support import Browser

HSTS = "strict-transport-security"


@pytest.fixture
async def https_only(
    make_settings: Callable[..., Settings], app: Broadside
) -> AsyncIterator[Browser]:
    """A visitor of a site on port 8443, who begins with HTTP."""
    changes = {"base_url": "https://blog.test:8443", "allowed_hosts": "other.test"}
    other = create_app(make_settings(https_redirect=True, trusted_proxies=1, **changes))
    async with other.test_app(), Browser(other) as browser:
        browser.base_url = "http://blog.test"
        yield browser


@pytest.mark.parametrize(
    ("asked", "target"),
    [
        ("/", "/"),
        ("/post/1?page=2&x=%C3%A9", "/post/1?page=2&x=%C3%A9"),
        ("/user/s%C3%BCsan", "/user/s%C3%BCsan"),
        ("/a%252Fb", "/a%252Fb"),
        ("/a%0D%0AX-Evil:%201", "/a%0D%0AX-Evil%3A%201"),
        ("//evil.example/x", "/evil.example/x"),
        ("/%2F%2Fevil.example", "/evil.example"),
        ("/nowhere", "/nowhere"),
    ],
)
async def test_http_leads_to_the_same_address_on_https(
    https_only: Browser, asked: str, target: str
) -> None:
    for host in ("blog.test", "other.test"):
        answer = await https_only.get(f"http://blog.test{asked}", headers={"Host": host})
        assert answer.status_code == 308
        assert answer.headers["location"] == f"https://blog.test:8443{target}"
        assert HSTS not in answer.headers


async def test_a_form_is_led_there_with_its_method(https_only: Browser) -> None:
    answer = await https_only.post("/auth/login", data={"email": "susan"})
    assert answer.status_code == 308


async def test_https_is_answered_and_asked_for_from_then_on(https_only: Browser) -> None:
    for address in ("/", "/nowhere", "/static/favicon.svg", "/healthz"):
        answer = await https_only.get(address, headers={"X-Forwarded-Proto": "https"})
        assert answer.status_code in {200, 404}
        assert answer.headers[HSTS] == "max-age=31536000"


async def test_subdomains_are_meant_as_well_where_the_operator_says_so(
    make_settings: Callable[..., Settings], app: Broadside
) -> None:
    other = create_app(make_settings(https_redirect=True, hsts_subdomains=True))
    async with other.test_app(), Browser(other) as browser:
        answer = await browser.get("https://blog.test/")
    assert answer.headers[HSTS] == "max-age=31536000; includeSubDomains"


async def test_health_and_foreign_hosts_are_not_led_anywhere(https_only: Browser) -> None:
    for address in ("/healthz", "/readyz"):
        answer = await https_only.get(address, headers={"Host": "10.0.0.7"})
        assert answer.status_code == 200
        assert HSTS not in answer.headers
    assert (await https_only.get("/", headers={"Host": "evil.example"})).status_code == 400


async def test_without_the_setting_http_is_answered_and_https_not_insisted_on(
    browser: Browser,
) -> None:
    for scheme in ("http", "https"):
        answer = await browser.get(f"{scheme}://blog.test/")
        assert answer.status_code == 200
        assert HSTS not in answer.headers
