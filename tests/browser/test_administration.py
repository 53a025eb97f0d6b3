"""What administrators do, in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import EDITOR, NEWCOMER
from tests.browser.steps import confirm_address, log_in, register


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


async def save(page: Page, section: str) -> None:
    """Save a section of the settings."""
    await page.get_by_role("button", name=re.compile(f"Save.*{section}")).click()
    await expect(page.get_by_text("Settings saved.")).to_be_visible()


async def choose_registration(page: Page, choice: str) -> None:
    await page.goto("/admin/settings")
    await page.get_by_label("Sign-up").select_option(choice)
    await save(page, "Who can join")


async def test_an_administrator_shapes_the_site_approves_someone_and_invites_another(
    open_page: Opener,
) -> None:
    page, applicant, guest = [await open_page(size) for size in (DESKTOP, DESKTOP, PHONE)]
    main = page.get_by_role("main")
    await log_in(page, EDITOR)
    await page.goto("/admin/settings")
    name = await page.get_by_label("Name", exact=True).input_value()
    await page.get_by_label("Name", exact=True).fill("The Harbour")
    await page.get_by_label("Accent colour", exact=True).fill("#ffffaa")
    await page.get_by_role("button", name=re.compile("Save.*Name and look")).click()
    await expect(page.get_by_label("Accent colour", exact=True)).to_have_attribute(
        "aria-invalid", "true"
    )
    await page.get_by_label("Accent colour", exact=True).fill("#7a1f5c")
    await save(page, "Name and look")
    await choose_registration(page, "approval")

    await applicant.goto("/auth/register")
    await expect(applicant).to_have_title("Sign up · The Harbour")
    await applicant.get_by_label("Why would you like to join?").fill("I sail.")
    await register(applicant, "sailor", "Apply")
    await expect(applicant.get_by_role("heading", name="Thanks for applying")).to_be_visible()
    await confirm_address(applicant, "sailor@example.com")
    await page.goto("/admin/applications")
    application = main.get_by_role("article", name="sailor")
    await expect(application.get_by_text("I sail.")).to_be_visible()
    await application.get_by_role("button", name="Approve sailor").click()
    await expect(main.get_by_text("sailor is in.")).to_be_visible()
    await applicant.goto("/")
    await expect(applicant.get_by_role("link", name="Write", exact=True)).to_be_visible()

    await choose_registration(page, "invitation")
    await guest.goto("/auth/register")
    await expect(guest.get_by_label("Username")).to_be_hidden()
    await page.goto("/invitations")
    await page.get_by_label("Who is it for?").fill("A pilot")
    await main.get_by_role("button", name="Create invitation").click()
    await guest.goto(await main.get_by_label("Link").first.input_value())
    await register(guest, "pilot")
    await expect(guest.get_by_text("You're logged in")).to_be_visible()
    await page.goto("/moderate/invitations")
    await expect(main.get_by_role("link", name="pilot", exact=True)).to_be_visible()

    await choose_registration(page, "open")
    await page.get_by_label("Name", exact=True).fill(name)
    await page.get_by_label("Accent colour", exact=True).fill("")
    await save(page, "Name and look")
