"""Every page, with whatever people write: for everybody, by any means, on any width."""

import asyncio
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from playwright.async_api import Page, expect
from werkzeug.exceptions import NotFound

from blog import create_app
from blog.core.i18n import LANGUAGES, SOURCE, text_direction
from settings import Settings
from tests.browser.axe import AXE, COLOURS, violations, violations_in
from tests.browser.conftest import PHONE, Opener, Site
from tests.browser.pages import SIGHTS, WOULD_SEND, each_page
from tests.browser.sample_site import ESSAY, WRITER
from tests.browser.steps import PATIENCE_SECONDS, log_in

# What is served with GET and is no page to look at: it leads on, is no HTML, or needs what only
# a test of its own can bring about.
NO_SIGHTS = {
    "/accent/<light>-<dark>.css",
    "/admin/figures/<name>.csv",
    "/all", "/auth/export/<id:export_id>", "/auth/login/second-factor", "/auth/unlock/<token>",
    "/auth/openid/<provider>/callback", "/auth/openid/<provider>/confirm",
    "/auth/openid/<provider>/connect",
    "/auth/openid/<provider>/start", "/auth/openid/link", "/auth/openid/register",
    "/avatar/<seed>.svg", "/comment/<id:comment_id>",
    "/dev/mailbox/<name>", "/dev/mailbox/<name>/html", "/healthz",
    "/moderation/log.ndjson", "/moderation/log/feed.<any(atom, json):form>", "/moderation/report",
    "/import/<id:import_id>/report", "/metrics", "/readyz",
    "/media/<name>", "/media/<name>-<int:width>.webp", "/post/<id:post_id>/timemap",
    "/static/<path:filename>", "/notifications/stream",
    "/card/site.png", "/card/user/<username>.png", "/card/post/<id:post_id>.png", "/oembed",
    "/sitemap.xml", "/sitemap/<any(posts, people, tags):kind>-<id:number>.xml",
    "/.well-known/security.txt", "/.well-known/change-password",
    "/feed.<any(atom, json):form>", "/post/<id:post_id>/comments/feed.<any(atom, json):form>",
    "/user/<username>/feed.<any(atom, json):form>", "/tag/<tag>/feed.<any(atom, json):form>",
    "/search/feed.<any(atom, json):form>", "/search/suggestions", "/search/people",
    "/opensearch.xml",
    "/apple-touch-icon.png", "/favicon.ico", "/robots.txt",
}  # fmt: skip

STICKS_OUT = """() => {
  const width = document.documentElement.clientWidth;
  return document.documentElement.scrollWidth > width
    ? [...document.querySelectorAll("body *")]
        .filter((element) => element.getBoundingClientRect().right > width + 0.5)
        .map((element) => `${element.tagName}.${element.className}`).slice(0, 5)
    : [];
}"""
SMALL_TARGETS = """() => [
    ...document.querySelectorAll("button, .button, input, textarea, select, summary, nav a")
  ]
  .filter((element) => element.checkVisibility())
  .filter((element) => !["hidden", "checkbox", "radio"].includes(element.type))
  .filter((element) => element.getBoundingClientRect().height < 44)
  .map((element) => element.textContent.trim() || element.name)"""
# What is hidden until a script needs it, and takes up room nevertheless.
NOT_HIDDEN = """() => [...document.querySelectorAll("[hidden]")]
  .filter((element) => element.checkVisibility()).map((element) => element.outerHTML)"""
# Controls that Tab does not come to in the order of the page, or whose focus is not seen.
OUT_OF_REACH = """() => [
    ...document.querySelectorAll("a, button, input, select, textarea, summary, pre, table")
  ]
  .filter((element) => element.checkVisibility() && element.type !== "hidden" && !element.disabled)
  .filter((element) => !element.matches("pre, table") || element.closest(".prose"))
  .filter((element) => !element.closest(".trap"))  // Only robots shall come to it.
  .filter((element) => {
    element.focus();
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    // Of a toolbar and of tabs, Tab comes to one; the arrows go on from there.
    const isOneOfMany = element.closest("[role=toolbar], [role=tablist]");
    return element !== document.activeElement || (element.tabIndex !== 0 && !isOneOfMany)
      || outlineStyle === "none" || parseFloat(outlineWidth) < 2;
  })
  .map((element) => element.outerHTML.slice(0, 200))"""


def test_the_list_has_every_page(make_settings: Callable[..., Settings]) -> None:
    app = create_app(make_settings(env="development"))
    map_ = app.url_map.bind("blog.test")
    rules = {rule.rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set())}
    seen = set()
    for sight in SIGHTS:
        address = sight.address.format(
            comment=1, reset="/auth/reset/x", change_email="/auth/change_email/x",
            delete_account="/auth/delete-account/x", subscribe="/subscriptions/confirm/x",
            unsubscribe="/subscriptions/unsubscribe/x",
            unsubscribed="/subscriptions/unsubscribe/x",
            appeal="/appeal/x",
            end_comments="/auth/notifications/unsubscribe/x",
            end_digests="/auth/notifications/unsubscribe/x",
        )  # fmt: skip
        try:
            rule, _ = map_.match(address.partition("?")[0], return_rule=True)
        except NotFound:
            continue
        seen.add(rule.rule)
    assert {rule for rule in rules if not rule.startswith("/api")} - NO_SIGHTS == seen


# Shows a page in another language, and tells what is wider than the screen or than its button.
CUT_OFF = """(html) => {
  const shown = new DOMParser().parseFromString(html, "text/html");
  const root = document.documentElement;
  root.lang = shown.documentElement.lang;
  root.dir = shown.documentElement.dir;
  document.body.replaceWith(shown.body);
  const width = root.clientWidth;
  const visible = (selectors) =>
    [...document.querySelectorAll(selectors)].filter((element) => element.checkVisibility());
  const outside = root.scrollWidth <= width ? [] : visible("body *").filter((element) => {
    const { left, right } = element.getBoundingClientRect();
    return left < -0.5 || right > width + 0.5;
  });
  const cut = visible("button, .button, [role=tab], nav a, summary, .badge")
    .filter((element) => element.clientWidth && element.scrollWidth > element.clientWidth + 1);
  return [root.lang, root.dir, ...[...outside, ...cut].map((element) =>
    `${element.tagName}.${element.className} ${element.textContent.trim().slice(0, 60)}`)];
}"""
TRANSLATED = [language for language in LANGUAGES if language != SOURCE]
# Forms that are often refused, and two languages with long words and from right to left, in which
# they are measured with their errors as well.
REFUSED = {
    "login-refused", "register-refused", "home-refused", "comment-refused",
    "change-password-refused", "disable-refused",
}  # fmt: skip
IN_REFUSED = ("de", "ar")


async def cut_off(page: Page, language: str) -> list[str]:
    """What the page that is open cuts off in another language, at the width that it has.

    It takes a fifth of the time of a page that is loaded, because only its body is replaced.
    """
    answer = await page.context.request.get(page.url, headers={"Accept-Language": language})
    return await cut_off_of(page, await answer.text(), language)


async def cut_off_when_refused(page: Page, language: str) -> list[str]:
    """The same of the page that answers its form without anything in it."""
    address, form = await page.evaluate(WOULD_SEND)
    headers = {"Accept-Language": language, "Sec-Fetch-Site": "same-origin"}
    answer = await page.context.request.post(address, form=form, headers=headers)
    assert answer.status == 422, address
    return await cut_off_of(page, await answer.text(), language)


async def cut_off_of(page: Page, text: str, language: str) -> list[str]:
    """What the window that is open cuts off of a page, which is in this language."""
    lang, direction, *found = await page.evaluate(CUT_OFF, text)
    assert (lang, direction or "ltr") == (language, text_direction(language)), page.url
    return list(found)


async def found_in_both_schemes(page: Page) -> list[dict[str, Any]]:
    """What axe objects to in the light, and in the dark, where only the colours differ."""
    in_the_light = await violations_in(page, "light")
    return in_the_light + await violations_in(page, "dark", COLOURS)


def tours() -> list[set[str]]:
    """The names of the pages that someone looks at before the next one does."""
    return [
        {sight.name for sight in tour} for _, tour in groupby(SIGHTS, key=lambda each: each.who)
    ]


@pytest.mark.parametrize("tour", tours(), ids=lambda tour: f"{len(tour)} pages")
async def test_every_page_is_for_everybody_and_fits(
    open_page: Opener, site: Site, tour: set[str]
) -> None:
    async def open_with_axe() -> Page:
        page = await open_page()
        # So it is compiled once for all pages.
        await page.context.add_init_script(AXE)
        return page

    found: list[dict[str, Any]] = []
    cut: list[tuple[str, str, str]] = []
    async for name, page in each_page(open_with_axe, site.links, tour.__contains__):
        found += await violations_in(page, "light")
        await page.keyboard.press("Tab")  # From now on the focus is one of the keyboard.
        assert await page.evaluate(OUT_OF_REACH) == [], name
        assert await page.evaluate(NOT_HIDDEN) == [], name
        for width in (1280, 768, 375, 320):
            await page.set_viewport_size({"width": width, "height": 800})
            assert await page.evaluate(STICKS_OUT) == [], f"{name} at {width}"
        found += await violations_in(page, "dark")  # As on a phone.
        menu = page.get_by_role("button", name="Menu")
        if await menu.is_visible():  # The editor has none.
            await menu.evaluate("(button) => button.click()")
        assert await page.evaluate(SMALL_TARGETS) == [], name
        await page.set_viewport_size({"width": 375, "height": 800})
        for language in TRANSLATED:
            cut += [(name, language, each) for each in await cut_off(page, language)]
        for language in IN_REFUSED if name in REFUSED else ():
            cut += [(name, language, each) for each in await cut_off_when_refused(page, language)]
        await page.set_viewport_size({"width": 1280, "height": 900})
    assert (found, cut) == ([], [])


async def test_axe_finds_nothing_in_open_menus_and_in_a_mail(open_page: Opener) -> None:
    page = await open_page(PHONE)
    await page.goto("/auth/reset")
    await page.get_by_role("button", name="Menu").click()
    assert await found_in_both_schemes(page) == []
    await page.keyboard.press("Escape")

    await page.get_by_label("Email").fill(f"{WRITER}@example.com")
    await page.get_by_role("button", name="Send me a link").click()
    mail = page.get_by_role("main").get_by_role("listitem").get_by_role("link").first
    await expect(page.get_by_text("If there's an account")).to_be_visible()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await mail.is_visible():
            await page.goto("/dev/mailbox")
    assert await found_in_both_schemes(page) == []
    await mail.click()
    await page.wait_for_url("**/dev/mailbox/*")
    assert await found_in_both_schemes(page) == []

    await log_in(page, WRITER)
    await page.goto(ESSAY)
    await page.locator("summary", has_text="More").first.click()
    assert await found_in_both_schemes(page) == []
    assert await page.evaluate(STICKS_OUT) == []


@pytest.mark.parametrize(
    ("scheme", "spoil", "rule"),
    [
        ("light", "document.querySelector('label').remove()", "label"),
        ("dark", "document.querySelector('h1').style.color = '#333'", "color-contrast"),
    ],
)
async def test_axe_is_able_to_find_something(
    open_page: Opener, scheme: str, spoil: str, rule: str
) -> None:
    page = await open_page(scheme=scheme)
    await page.goto("/auth/login")
    await page.evaluate(f"() => {{ {spoil}; }}")
    assert [found["id"] for found in await violations(page)] == [rule]
