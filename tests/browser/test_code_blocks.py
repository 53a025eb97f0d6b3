"""The button that copies a block of code."""

from playwright.async_api import expect

from tests.browser.conftest import Opener
from tests.browser.sample_site import MARKDOWN_POST


async def test_code_is_copied_as_it_was_written(open_page: Opener) -> None:
    page = await open_page()
    await page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await page.goto(MARKDOWN_POST)
    button = page.get_by_role("button", name="Copy code")
    await button.focus()
    await button.press("Enter")
    await expect(page.get_by_role("status").filter(has_text="Copied")).to_have_count(1)
    copied = await page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("async def page(session, after, size):\n    place = (Post.")
    assert copied.endswith(".limit(size)\n    )\n    return await session.scalars(rows)\n")


async def test_without_scripts_there_is_no_button(open_page: Opener) -> None:
    page = await open_page(scripts=False)
    await page.goto(MARKDOWN_POST)
    await expect(page.locator(".prose pre")).to_have_count(1)
    await expect(page.get_by_role("button", name="Copy code")).to_have_count(0)
