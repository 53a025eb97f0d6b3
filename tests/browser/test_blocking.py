"""Muting and blocking somebody without scripts, on a phone."""

from playwright.async_api import expect

from tests.browser.conftest import PHONE, Opener
from tests.browser.sample_site import WRITER
from tests.browser.steps import log_in


async def test_people_mute_and_block_from_a_profile_or_a_post_and_return_there(
    open_page: Opener,
) -> None:
    page = await open_page(PHONE, scripts=False)
    main = page.get_by_role("main")
    theirs = main.get_by_role("article").filter(has_text=f"@{WRITER}")
    await log_in(page, "i.okafor")
    await page.goto("/")
    await expect(theirs.first).to_be_visible()

    await page.goto(f"/user/{WRITER}")
    await main.get_by_text("Mute or block").click()
    await main.get_by_role("button", name=f"Mute {WRITER}").click()
    await expect(main.get_by_text(f"You’ve muted {WRITER}")).to_be_visible()
    # The profile still shows what everybody can read, but no list does.
    await expect(main.get_by_role("article").first).to_be_visible()
    await page.goto("/")
    await expect(theirs).to_have_count(0)
    await page.goto("/muted")
    await main.get_by_role("button", name=f"Unmute {WRITER}").click()
    await expect(main.get_by_role("heading", name="You haven’t muted anyone")).to_be_visible()

    await page.goto("/")
    await theirs.first.get_by_role("link", name="Comment").click()
    await main.get_by_role("link", name=f"Mute or block {WRITER}").first.click()
    await main.get_by_role("button", name=f"Block {WRITER}").click()
    note = main.get_by_text(f"You’ve blocked {WRITER}. You can still read")
    await expect(note).to_be_visible()
    assert "/post/" in page.url
    await main.get_by_role("button", name=f"Unblock {WRITER}").click()
    await expect(main.get_by_text(f"You've unblocked {WRITER}")).to_be_visible()
    await expect(note).to_have_count(0)
