"""The history of a post in a browser: edit it, see the difference, and restore what was before."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import PHONE, Opener
from tests.browser.sample_site import WRITER
from tests.browser.steps import log_in

FIRST = "The tram was due at *eight*.\n\nNobody came."
SECOND = "The tram was due at *nine*.\n\nNobody came.\n\nWe walked."
# What somebody sees who sees no colours: whether it is underlined or struck through.
DECORATION = "(element) => getComputedStyle(element).textDecorationLine"


async def publish(page: Page, title: str, text: str) -> None:
    """Publish a post by the editor, and be on its page."""
    await page.goto("/write")
    await page.get_by_label("Title", exact=True).fill(title)
    await page.get_by_label("Text", exact=True).fill(text)
    await page.get_by_role("button", name="Publish").click()
    await expect(page.get_by_text("Post published.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
async def test_an_edit_is_looked_at_and_taken_back(open_page: Opener, scripts: bool) -> None:
    page, reader = await open_page(scripts=scripts), await open_page(PHONE, scripts=scripts)
    await log_in(page, WRITER)
    await publish(page, f"The tram, {'with' if scripts else 'without'} scripts", FIRST)
    await page.get_by_role("link", name="Edit", exact=True).click()
    await page.get_by_label("Text", exact=True).fill(SECOND)
    await page.get_by_role("button", name="Update").click()
    await expect(page.get_by_text("Changes published.")).to_be_visible()

    await page.get_by_role("article").get_by_role("link", name="edited").click()
    await page.get_by_role("link", name="Revision 2").click()
    changes = page.get_by_role("region", name="What changed")
    await expect(changes).to_contain_text("Changed: text · 3 words added · 1 word removed")
    removed, added = (changes.locator(f".difference {tag}").first for tag in ("del", "ins"))
    await expect(removed).to_have_text("*eight*.")
    await expect(added).to_have_text("*nine*.")
    assert await removed.evaluate(DECORATION) == "line-through"
    assert await added.evaluate(DECORATION) == "underline"
    # And who hears the page.
    snapshot = await changes.locator(".difference").aria_snapshot()
    assert "removed: *eight*" in snapshot
    assert "added: *nine*" in snapshot

    await page.get_by_role("link", name="Revision 1").click()
    address = page.url
    await page.get_by_role("link", name="Restore").click()
    await expect(page.get_by_role("region")).to_contain_text("We walked.")
    await page.get_by_role("button", name="Restore").click()
    await expect(page.get_by_text("Revision 1 restored.")).to_be_visible()
    await expect(page.get_by_role("article").locator("em")).to_have_text("eight")

    await reader.goto(page.url)
    await expect(reader.get_by_text("We walked.")).to_have_count(0)
    await reader.get_by_role("article").get_by_role("link", name="edited").click()
    await expect(reader.get_by_role("listitem").filter(has_text="Current")).to_contain_text(
        "Revision 3"
    )
    await page.goto(f"{address.removesuffix('1')}2")
    await page.get_by_role("button", name="Hide").click()
    await expect(page.get_by_text("Revision 2 hidden.")).to_be_visible()
    await reader.reload()
    await expect(reader.get_by_text("hidden by the author")).to_be_visible()
