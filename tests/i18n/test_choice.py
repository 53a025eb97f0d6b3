"""Which language a response is in: that of the account, the cookie, the browser, or the site."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import gettext, using_language
from blog.core.web.app import Broadside
from blog.core.web.languages import LONGEST_HEADER, best_match
from blog.mail import outbox
from blog.models import Email, User
from tests.i18n.support import offer
from tests.support import Browser


async def language_of(browser: Browser, path: str = "/about-nothing", **headers: str) -> str:
    answer = await browser.get(
        path, headers={name.replace("_", "-"): v for name, v in headers.items()}
    )
    language = str(answer.headers["content-language"])
    direction = ' dir="rtl"' if language == "ar" else ""
    assert f'<html lang="{language}"{direction}' in answer.text
    return language


def test_the_best_of_the_offered_languages_is_preferred() -> None:
    offered = ("en", "de", "ar")
    for accepted, best in (
        ("de-AT,de;q=0.9,en;q=0.5", "de"), ("fr,ar;q=0.2", "ar"), ("fr", None), ("", None),
        ("de-CH,en;q=0.4", "de"), ("de;q=0,*", "en"), ("en;q=0,*;q=0.1", "de"), ("*;q=0", None),
        ("de;q=0,en;q=0.1", "en"), ("*", "en"), ("x" * 9, None), (";;q=,", None), ("EN-gb", "en"),
    ):  # fmt: skip
        assert best_match(accepted, offered) == best, accepted


async def test_a_site_with_one_language_speaks_it_to_everybody(
    app: Broadside, browser: Browser
) -> None:
    offer(app, 1, "en")
    answer = await browser.get("/", headers={"Accept-Language": "de"})
    assert answer.headers["content-language"] == "en"
    assert "accept-language" not in answer.headers.get("vary", "").lower()
    assert 'href="/language"' not in answer.text


async def test_headers_that_nobody_sends(site_in_three: Broadside, browser: Browser) -> None:
    best_match.cache_clear()
    for accepted in ("x" * 8_000, "de;q=" * 1_500, "a-" * 4_000, "de;q=nan"):
        page = await browser.get("/about-nothing", headers={"Accept-Language": accepted})
        assert page.headers["content-language"] == "en"
    assert best_match("x" * LONGEST_HEADER, ("en", "de", "ar")) is None
    assert best_match.cache_info().hits == 1, "a longer header is kept"
    junk = {"Cookie": "__Host-language=../../de; language=%00"}
    assert (await browser.get("/language", headers=junk)).status_code == 200


async def test_account_then_cookie_then_browser_then_site(
    site_in_three: Broadside, browser: Browser, susans_browser: Browser
) -> None:
    assert await language_of(browser) == "en"
    assert await language_of(browser, Accept_Language="de-CH, en;q=0.4") == "de"
    page = await browser.get("/", headers={"Accept-Language": "de"})
    assert "accept-language" in page.headers["vary"].lower()
    assert "[de] " in page.text
    again = {"Accept-Language": "ar", "If-None-Match": page.headers["etag"]}
    assert (await browser.get("/", headers=again)).status_code == 200
    again["Accept-Language"] = "de"
    answer = await browser.get("/", headers=again)
    assert answer.status_code == 304
    assert "accept-language" in answer.headers["vary"].lower()

    chosen = await browser.submit("/language", {"language": "ar", "next": "/archive?page=1"})
    assert chosen.headers["location"] == "/archive?page=1"
    assert await language_of(browser, "/", Accept_Language="de") == "ar"
    away = await browser.submit("/language", {"language": "auto", "next": "//evil.example"})
    assert away.headers["location"] == "/"
    assert await language_of(browser, Accept_Language="de") == "de"
    assert (await browser.submit("/language", {"language": "xx"})).status_code == 400

    await susans_browser.submit("/language", {"language": "de"})
    assert await language_of(susans_browser, "/", Accept_Language="ar") == "de"
    page = await susans_browser.get("/language")
    assert 'value="de" checked' in page.text and 'value="auto">' in page.text
    assert 'value="auto" checked' in (await browser.get("/language")).text
    offer(site_in_three, 2, "ar", "en")
    assert await language_of(susans_browser, "/") == "en"


async def test_the_page_of_languages_leads_back_to_where_one_was(
    site_in_three: Broadside, browser: Browser
) -> None:
    for referer, back in (
        ("https://blog.test/archive?x=1#y", "/archive?x=1"), ("https://evil.example/a", ""),
        ("https://blog.test/language", ""), ("", ""), ("nonsense", ""), ("http://[", ""),
    ):  # fmt: skip
        page = await browser.get("/language", headers={"Referer": referer})
        assert f'name="next" value="{back}"' in page.text


async def test_programs_are_answered_in_english_unless_they_ask(
    site_in_three: Broadside, browser: Browser
) -> None:
    for headers, beginning in (({}, ""), ({"Accept-Language": "de"}, "[de] ")):
        problem = await browser.get("/api/v1/nothing", headers=headers)
        assert problem.json()["title"] == "Not Found"
        assert problem.json()["detail"].startswith(beginning)
    plain = await browser.get("/feed.atom", headers={"Accept-Language": "de"})
    assert "[de]" not in plain.text


async def test_mails_are_in_the_language_of_their_recipient(
    site_in_three: Broadside, db: AsyncSession, susan: User
) -> None:
    async with site_in_three.app_context():
        for language in (None, "de", "fr"):
            await outbox.put(
                db, to=f"{language or 'none'}@example.com", language=language,
                message="email_changed", user=susan,
            )  # fmt: skip
        await db.commit()
    texts = {mail.recipient: mail.html for mail in await db.scalars(select(Email))}
    assert 'lang="de"' in texts["de@example.com"]
    assert 'lang="en"' in texts["none@example.com"]
    assert 'lang="en"' in texts["fr@example.com"]


def test_values_in_plain_text_keep_their_direction_to_themselves() -> None:
    assert gettext("Hello %(name)s!", name="nina") == "Hello nina!"
    assert gettext("Hello %(name)s!", name="نينا") == "Hello \u2068نينا\u2069!"
    assert gettext("Hello %(name)s!", name="\u202eanin") == "Hello \u2068\u202eanin\u2069!"
    with using_language("ar"):
        assert gettext("Hello %(name)s!", name="nina.") == "Hello \u2068nina.\u2069!"
