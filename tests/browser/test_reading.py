"""Reading and writing, as a person meets them first."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import PHONE, Opener
from tests.browser.sample_site import ARTICLE_PAGE, ESSAY, READER, WRITER
from tests.browser.steps import log_in
from tests.support import PASSWORD

# The last page has no way to older posts, and no numbers: the widest pager has both.
COMPLETE_PAGER = """(pager) => {
  const older = pager.querySelector("[rel=prev]").cloneNode(true);
  older.rel = "next";
  const numbers = pager.querySelector("span");
  numbers.className = "page-numbers";
  const link = (number) => `<a href="/">${number}</a>`;
  numbers.innerHTML = [1, "…", 498, 499, 500, "…", 999].map(link).join(" ");
  pager.append(older);
}"""
BROKEN_WORDS = """(pager) => [...pager.querySelectorAll("a")].filter((link) => {
  const words = document.createRange();
  words.selectNodeContents(link);
  return words.getClientRects().length !== 1;
}).map((link) => link.textContent)"""


async def test_a_stranger_sees_the_first_post_at_once(open_page: Opener) -> None:
    page = await open_page((1280, 900))
    await page.goto("/")
    place = await page.get_by_role("article").first.bounding_box()
    assert place
    assert place["y"] < 400


@pytest.mark.parametrize("language", ["en", "de", "es"])
async def test_the_words_of_the_pager_stay_on_one_line_on_a_phone(
    open_page: Opener, language: str
) -> None:
    page = await open_page((320, 700))
    await page.set_extra_http_headers({"Accept-Language": language})
    await page.goto("/?page=999")
    pager = page.locator(".pager")
    await pager.evaluate(COMPLETE_PAGER)
    for width in (320, 375, 414):
        await page.set_viewport_size({"width": width, "height": 700})
        assert await pager.evaluate(BROKEN_WORDS) == [], width


async def test_an_article_has_a_large_title_and_a_list_of_its_headings_in_the_margin(
    open_page: Opener,
) -> None:
    page = await open_page()
    await page.goto(ARTICLE_PAGE)
    size = await page.get_by_role("heading", level=1).evaluate(
        "(h) => getComputedStyle(h).fontSize"
    )
    assert 36 <= float(size.removesuffix("px")) <= 44
    contents = page.get_by_role("navigation", name="Contents")
    await contents.get_by_role("link", name="What I propose").click()
    await page.wait_for_url(f"**{ARTICLE_PAGE}#text-what-i-propose")

    await page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})
    await expect(contents).to_be_hidden()


async def test_the_first_line_of_a_post_without_a_title_leads_to_it(open_page: Opener) -> None:
    page = await open_page()
    await page.goto("/")
    post = page.get_by_role("article").filter(has_text="What a broadside was")
    await post.scroll_into_view_if_needed()
    line = await post.get_by_text("What a broadside was").bounding_box()
    assert line
    await page.mouse.click(line["x"] + 20, line["y"] + 8)
    await page.wait_for_url(f"**{ESSAY}")


async def test_a_stranger_who_wants_to_follow_comes_back_to_it(open_page: Opener) -> None:
    page = await open_page(scripts=False)
    await page.goto("/user/tomas")
    await page.get_by_role("link", name="Follow", exact=True).click()
    await page.get_by_label("Email or username").fill(READER)
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url("**/user/tomas")
    await expect(page.get_by_role("button", name="Follow", exact=True)).to_be_visible()


async def test_the_box_to_write_in_is_one_line_until_it_is_used(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await page.goto("/")
    box = page.get_by_label("on your mind")
    publish = page.get_by_role("button", name="Publish")
    await expect(publish).to_be_hidden()
    await box.fill("One line, sent by keys.")
    await expect(publish).to_be_visible()
    await box.press("Control+Enter")
    await page.wait_for_url("**/post/*")
    await expect(page.get_by_text("Post published.")).to_be_visible()
    await expect(page.get_by_text("One line, sent by keys.")).to_be_visible()


async def test_a_theme_is_chosen_without_a_script(open_page: Opener) -> None:
    page = await open_page(scripts=False)
    await page.goto("/appearance")
    await page.get_by_label("Dark").check()
    await page.get_by_role("button", name="Save").click()
    await page.goto("/")
    scheme = "(e) => getComputedStyle(e).colorScheme"
    assert await page.locator("html").evaluate(scheme) == "dark"


async def test_the_frame_of_the_settings_stays_where_it_is(open_page: Opener) -> None:
    page = await open_page()
    await log_in(page, WRITER)
    await page.goto("/edit-profile")
    settings = page.get_by_role("navigation", name="Settings")
    places = set()
    for name in ("Profile", "Password", "Sessions", "Images", "Appearance", "Delete account"):
        await settings.get_by_role("link", name=name).click()
        await expect(settings.locator("[aria-current=page]")).to_have_text(name)
        places.add(str(await settings.bounding_box()))
    assert len(places) == 1
