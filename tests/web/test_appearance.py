"""What each page says about itself, and the theme that a visitor chooses."""

import re

import pytest

from tests.support import Browser


@pytest.mark.parametrize(
    ("address", "canonical"),
    [("/", "/"), ("/?page=1", "/"), ("/user/susan", "/user/susan"), ("/markdown", "/markdown")],
)
@pytest.mark.usefixtures("susan")
async def test_a_page_has_a_title_a_description_and_one_address(
    browser: Browser, address: str, canonical: str
) -> None:
    page = (await browser.get(address)).text
    assert re.search("<title>.*Broadside.*</title>", page)
    assert re.search('<meta name="description" content="[^"]+">', page)
    assert f'<link rel="canonical" href="https://blog.test{canonical}">' in page


async def test_an_error_is_not_indexed(browser: Browser) -> None:
    page = (await browser.get("/nowhere")).text
    assert '<meta name="robots" content="noindex">' in page
    assert "canonical" not in page


@pytest.mark.parametrize(
    ("name", "type_"),
    [
        ("favicon.ico", "image/"),
        ("apple-touch-icon.png", "image/png"),
        ("robots.txt", "text/plain; charset=utf-8"),
    ],
)
async def test_what_is_asked_for_without_a_page_is_there(
    browser: Browser, name: str, type_: str
) -> None:
    answer = await browser.get(f"/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(type_)


async def test_a_theme_is_kept_by_a_cookie_and_taken_back(browser: Browser) -> None:
    assert "data-theme" not in (await browser.get("/")).text
    for chosen in ("dark", "light"):
        answer = await browser.submit("/appearance", {"theme": chosen})
        assert answer.headers["location"] == "/appearance"
        for address in ("/appearance", "/", "/nowhere"):
            assert f'<html lang="en" data-theme="{chosen}">' in (await browser.get(address)).text
    await browser.submit("/appearance", {"theme": "system"})
    assert "data-theme" not in (await browser.get("/")).text


async def test_an_unknown_theme_is_refused(browser: Browser) -> None:
    answer = await browser.submit("/appearance", {"theme": "sepia"})
    assert answer.status_code == 400
    browser.cookies.set("theme", "sepia")
    assert "data-theme" not in (await browser.get("/")).text
