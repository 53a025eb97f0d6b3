"""Looking after one's account, in a real browser."""

import asyncio

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.steps import PATIENCE_SECONDS, confirm_address, log_in, open_link_in_mail
from tests.support import PASSWORD

NEW_PASSWORD = "another horse battery"
SIZES = pytest.mark.parametrize(
    ("name", "size", "scripts"), [("large", DESKTOP, True), ("small", PHONE, False)]
)


async def join(page: Page, username: str) -> None:
    """Register, which logs in, and confirm the address."""
    main = page.get_by_role("main")
    await page.goto("/auth/register")
    await page.get_by_label("Email").fill(f"{username}@example.com")
    await page.get_by_label("Username").fill(username)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Repeat password").fill(PASSWORD)
    await main.get_by_role("button", name="Sign up").click()
    await expect(main.get_by_text("You're logged in")).to_be_visible()
    await confirm_address(page, f"{username}@example.com")


@SIZES
async def test_a_forgotten_password_is_replaced_by_mail(
    open_page: Opener, name: str, size: tuple[int, int], scripts: bool
) -> None:
    page, username = await open_page(size, scripts=scripts), f"forgetful.{name}"
    main = page.get_by_role("main")
    other = await open_page()
    await join(other, username)

    await page.goto("/auth/login")
    await main.get_by_role("link", name="Forgot your password?").click()
    await page.get_by_label("Email").fill(f"{username}@example.com")
    await main.get_by_role("button", name="Send me a link").click()
    await expect(main.get_by_text("If there's an account")).to_be_visible()

    await open_link_in_mail(page, f"{username}@example.com", "/auth/reset/")
    link = page.url
    await page.get_by_label("New password", exact=True).fill(NEW_PASSWORD)
    await page.get_by_label("Repeat new password").fill(NEW_PASSWORD)
    await main.get_by_role("button", name="Change password").click()
    await expect(main.get_by_text("Password changed")).to_be_visible()
    await log_in(page, username, NEW_PASSWORD)

    await page.goto(link)
    await expect(page.get_by_role("heading", name="This link doesn’t work")).to_be_visible()
    await other.goto("/auth/sessions")
    await expect(other.get_by_role("heading", name="Log in")).to_be_visible()


@SIZES
async def test_an_address_is_changed_by_a_link_to_the_new_one(
    open_page: Opener, name: str, size: tuple[int, int], scripts: bool
) -> None:
    page, username = await open_page(size, scripts=scripts), f"moving.{name}"
    main, new = page.get_by_role("main"), f"moved.{name}@example.com"
    await join(page, username)

    await page.goto("/auth/change_email")
    await page.get_by_label("New email").fill(new)
    await page.get_by_label("Password").fill(PASSWORD)
    await main.get_by_role("button", name="Send link").click()
    await expect(main.get_by_text(f"We've sent a link to {new}")).to_be_visible()

    await open_link_in_mail(page, new, "/auth/change_email/")
    await main.get_by_role("button", name="Use this address").click()
    await expect(main.get_by_text(f"Your email address is now {new}")).to_be_visible()
    notices = page.get_by_role("listitem").filter(has_text=f"{username}@example.com")
    notice = notices.filter(has_text="address was changed")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await notice.is_visible():
            await page.goto("/dev/mailbox")

    another = await open_page()
    await log_in(another, new)


async def test_another_session_is_ended(open_page: Opener) -> None:
    laptop, phone = await open_page(), await open_page(PHONE)
    await join(laptop, "mover")
    await log_in(phone, "mover")

    await laptop.goto("/auth/sessions")
    sessions = laptop.get_by_role("main").get_by_role("listitem")
    await expect(sessions).to_have_count(2)
    await expect(sessions.filter(has_text="This browser")).to_have_count(1)
    await sessions.filter(has_not_text="This browser").get_by_role("button").click()
    await expect(laptop.get_by_text("That session has been logged out.")).to_be_visible()
    await expect(sessions).to_have_count(1)

    await phone.goto("/auth/sessions")
    await expect(phone.get_by_role("heading", name="Log in")).to_be_visible()


async def test_back_after_a_log_out_shows_nothing_private(open_page: Opener) -> None:
    page = await open_page(DESKTOP)
    await join(page, "leaving.early")
    for address in ("/auth/sessions", "/auth/change_email", "/edit-profile"):
        await page.goto(address)
        await expect(page.get_by_role("button", name="Log out").first).to_be_visible()
    await page.get_by_role("navigation").get_by_role("button", name="Log out").click()
    await expect(page.get_by_text("You've logged out.")).to_be_visible()
    for _ in range(3):
        await page.go_back()
        await expect(page.get_by_role("heading", name="Log in")).to_be_visible()
        await expect(page.get_by_text("leaving.early")).to_have_count(0)
