"""The redirect after logging in stays within this site."""

from urllib.parse import quote

import pytest

from blog.models import User
from tests.support import PASSWORD, Browser

FORM = {"email": "susan", "password": PASSWORD}

HERE = [
    "/user/susan",
    "/user/susan?page=2",
    "/?page=2",
    "/search?q=100%25+%C3%A9t%C3%A9&order=new",
    "/search?q=//evil.example",
    "/auth/change_email/eyJ1c2VyIjoxfQ.aR0Y0g.x-y_z",
]
ELSEWHERE = [
    "https://evil.example",
    "https:evil.example",
    "https:/evil.example",
    "HTTPS://blog.test@evil.example",
    "//evil.example",
    "///evil.example",
    "//evil.example/%2f..",
    "/\\evil.example",
    "\\/evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "\x00//evil.example",
    "/\x7f/evil.example",
    "/\x85/evil.example",
    "/\u2028/evil.example",
    "/\u202e/elpmaxe.live",
    "/%2Fevil.example",
    "/%2f%2fevil.example",
    "%2F%2Fevil.example",
    "/%5Cevil.example",
    "/%5c%5cevil.example",
    "/%255Cevil.example",
    "/%252F%252Fevil.example",
    "/%25252F%25252Fevil.example",
    "/%2525252525252F%2525252525252Fevil.example",
    "/%09/evil.example",
    "/%0d%0aLocation:%20https://evil.example",
    "/%00/evil.example",
    "/..//evil.example",
    "/%2e%2e//evil.example",
    "/user/..//evil.example",
    "javascript:alert(1)",
    "data:text/html,evil",
    "evil.example",
    "?next=/",
    "#//evil.example",
    "",
]


async def lands(browser: Browser, target: str) -> str:
    """Where the log-in form with this `next` redirects to."""
    page = f"/auth/login?next={quote(target, safe='')}"
    if "\x00" in target:
        assert (await browser.get(page)).status_code == 400
        return "/"
    answer = await browser.submit(page, FORM)
    assert answer.status_code == 302
    return answer.headers["location"]


@pytest.mark.parametrize("target", HERE)
async def test_login_redirects_to_the_requested_page(
    susan: User, browser: Browser, target: str
) -> None:
    assert await lands(browser, target) == target


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_login_never_redirects_to_another_site(
    susan: User, browser: Browser, target: str
) -> None:
    assert await lands(browser, target) == "/"


async def test_a_failed_try_keeps_where_one_wanted_to_go(susan: User, browser: Browser) -> None:
    asked = await browser.get("/auth/sessions")
    login_page = asked.headers["location"]
    assert login_page == "/auth/login?next=/auth/sessions"
    failed = await browser.submit(login_page, FORM | {"password": "wrong words"})
    assert failed.status_code == 422
    assert 'action="/auth/login?next=/auth/sessions"' in failed.text
    assert await lands(browser, "/auth/sessions") == "/auth/sessions"


async def test_an_endless_encoding_costs_nothing(susan: User, browser: Browser) -> None:
    assert await lands(browser, "/%" + "25" * 5000) == "/"
