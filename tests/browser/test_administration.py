"""The administrators' list of users, in a real browser."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import EDITOR, NEWCOMER
from tests.browser.steps import log_in


@pytest.mark.parametrize(("size", "scripts"), [(DESKTOP, True), (PHONE, False)])
async def test_an_administrator_finds_promotes_and_disables_somebody(
    open_page: Opener, size: tuple[int, int], scripts: bool
) -> None:
    page = await open_page(size, scripts=scripts)
    main = page.get_by_role("main")
    await log_in(page, EDITOR)

    await page.goto("/admin/users")
    await main.get_by_label("Name or email").fill("i.oka")
    await main.get_by_role("button", name="Filter").click()
    row = main.get_by_role("row").filter(has_text="i.okafor@example.com")
    await expect(main.get_by_role("row")).to_have_count(2)
    for role in ("Moderator", "User"):
        await row.get_by_role("link", name="Manage i.okafor").click()
        await main.get_by_role("link", name="Change role").click()
        await main.get_by_label("New role").select_option(role)
        await main.get_by_label("Reason").fill("helps out")
        await main.get_by_role("button", name="Change role").click()
        await expect(main.get_by_text(f"i.okafor is now {role}.")).to_be_visible()
        await expect(main.get_by_label("Name or email")).to_have_value("i.oka")

    await page.goto("/admin/users?state=unconfirmed")
    row = main.get_by_role("row").filter(has_text=f"{NEWCOMER}@example.com")
    manage = row.get_by_role("link", name=f"Manage {NEWCOMER}")
    await expect(manage).to_be_in_viewport()
    await manage.click()
    await main.get_by_role("link", name="Disable account").click()
    await main.get_by_label("Reason").fill("sends advertisements")
    await main.get_by_role("button", name="Disable").click()
    await expect(main.get_by_text(f"{NEWCOMER} is now disabled")).to_be_visible()

    await page.goto("/admin/users?state=disabled")
    row = main.get_by_role("row").filter(has_text=f"{NEWCOMER}@example.com")
    await row.get_by_role("link", name=f"Manage {NEWCOMER}").click()
    await main.get_by_role("button", name="Enable account").click()
    await expect(main.get_by_text(f"{NEWCOMER} can log in again.")).to_be_visible()

    await page.goto("/admin/audit")
    entries = main.get_by_role("row").filter(has_text=EDITOR)
    await expect(entries.nth(0)).to_contain_text("Enable account")
    await expect(entries.nth(1)).to_contain_text("sends advertisements")
    await expect(entries.nth(2)).to_contain_text("Moderator → User")
