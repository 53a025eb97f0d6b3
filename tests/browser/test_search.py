"""The box of the search, in a browser."""

import re

from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, Opener, Site


async def test_people_and_tags_are_suggested_while_somebody_types(
    open_page: Opener, site: Site
) -> None:
    page = await open_page(DESKTOP)
    await page.goto("/search")
    box = page.get_by_role("combobox", name="Search posts, people and tags")
    await expect(box).to_be_focused()
    await box.press_sequentially("tra")
    suggestion = page.locator("#suggestions option[value='tag:Trams']")
    await expect(suggestion).to_be_attached()
    await box.fill("tag:Trams")
    await box.press("Enter")
    # Other tests may have written about trams on this site.
    await expect(page.get_by_role("heading", name=re.compile(r"^\d+ posts?$"))).to_be_visible()
    await expect(page.get_by_role("article", name="In praise of the tram")).to_be_visible()


async def test_people_and_tags_are_suggested_without_scripts_once_a_search_was_sent(
    open_page: Opener, site: Site
) -> None:
    page = await open_page(DESKTOP, scripts=False)
    await page.goto("/search")
    box = page.get_by_role("combobox", name="Search posts, people and tags")
    await box.fill("tra")
    await box.press("Enter")
    await expect(page.locator("#suggestions option[value='tag:Trams']")).to_be_attached()
    await box.fill("tag:Trams")
    await page.get_by_role("main").get_by_role("button", name="Search").click()
    await expect(page.get_by_role("article", name="In praise of the tram")).to_be_visible()
    await page.get_by_text("More options").click()
    await box.fill("")
    await page.get_by_label("Exact phrase").fill("praise of the tram")
    await page.get_by_label("Any of these words").fill("zeppelin tram")
    await page.get_by_label("Without these words").fill("submarine")
    await page.get_by_role("main").get_by_role("button", name="Search").click()
    await expect(page.get_by_role("article", name="In praise of the tram")).to_be_visible()
    await expect(box).to_have_value(
        '"praise of the tram" zeppelin or "praise of the tram" tram -submarine'
    )
