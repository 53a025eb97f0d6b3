"""CSRF protection."""

import pytest

from tests.support import Browser

POST = {"body": "Written by me"}


@pytest.mark.parametrize("token", ["", "x", "AAAA", "é", "A" * 88])
async def test_a_form_without_a_good_token_is_refused_and_says_what_to_do(
    susans_browser: Browser, token: str
) -> None:
    await susans_browser.token("/")
    answer = await susans_browser.post("/", data={**POST, "csrf_token": token})
    assert answer.status_code == 400
    assert "Just send it again" in answer.text
    assert "Written by me" not in (await susans_browser.get("/")).text


async def test_a_token_of_another_session_is_refused(
    susans_browser: Browser, browser: Browser
) -> None:
    stolen = await browser.token("/auth/login")
    await susans_browser.token("/")
    answer = await susans_browser.post("/", data={**POST, "csrf_token": stolen})
    assert answer.status_code == 400


async def test_a_token_from_before_the_login_is_refused_after_it(
    browser: Browser, susan: object
) -> None:
    before = await browser.token("/auth/login")
    await browser.log_in("susan")
    assert (await browser.post("/", data={**POST, "csrf_token": before})).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": ""},
        {"Origin": "https"},
        {"Origin": "https:"},
        {"Origin": "https://"},
        {"Origin": "https://["},
        {"Origin": "https://blog.test:x"},
        {"Origin": "http://blog.test"},
        {"Origin": "https://blog.test:8443"},
        {"Origin": "https://blog.test, https://evil.example"},
    ],
)
async def test_a_request_that_the_browser_says_is_foreign_is_refused_even_with_a_token(
    susans_browser: Browser, headers: dict[str, str]
) -> None:
    token = await susans_browser.token("/")
    answer = await susans_browser.post("/", data={**POST, "csrf_token": token}, headers=headers)
    assert answer.status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://blog.test"},
        {"Origin": "https://blog.test:443"},
        # The site is asked under another of its ports, or by HTTP behind a proxy that says nothing.
        {"Origin": "https://blog.test", "Host": "blog.test:8443"},
        {"Origin": "https://blog.test:8443", "Host": "blog.test:8443"},
    ],
)
async def test_a_request_from_our_own_page_is_accepted(
    susans_browser: Browser, headers: dict[str, str]
) -> None:
    token = await susans_browser.token("/")
    answer = await susans_browser.post("/", data={**POST, "csrf_token": token}, headers=headers)
    assert answer.status_code == 302


async def test_the_token_looks_different_each_time(susans_browser: Browser) -> None:
    assert await susans_browser.token("/") != await susans_browser.token("/")
