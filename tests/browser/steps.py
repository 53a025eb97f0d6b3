"""What a person does on the site, by the words that stand there."""

import asyncio
from datetime import timedelta

from playwright.async_api import Page, expect

from blog.core.clock import now
from tests.support import PASSWORD

PATIENCE_SECONDS = 20


async def log_in(page: Page, login: str, password: str = PASSWORD) -> None:
    """Log in by the form, and see that it worked."""
    await page.goto("/auth/login")
    await page.get_by_label("Email or username").fill(login)
    await page.get_by_label("Password").fill(password)
    await page.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    await page.wait_for_url(lambda url: not url.endswith("/auth/login"))


async def register(page: Page, name: str, button: str = "Sign up") -> None:
    """Fill in the form to sign up, on its page, and press its button."""
    await page.get_by_label("Email").fill(f"{name}@example.com")
    await page.get_by_label("Username").fill(name)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_label("Repeat password").fill(PASSWORD)
    await page.get_by_role("main").get_by_role("button", name=button).click()


async def open_link_in_mail(page: Page, recipient: str, link: str) -> None:
    """Follow the link in the newest mail of the development mailbox, waiting for that mail.

    Args:
        recipient: the recipient's address.
        link: a part of the link's address; a mail without it is not the one.
    """
    mail = page.get_by_role("listitem").filter(has_text=recipient).get_by_role("link").first
    wanted = page.get_by_role("main").locator(f'a[href*="{link}"]').first
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await wanted.is_visible():
            await page.goto("/dev/mailbox")
            if await mail.is_visible():
                await page.goto(await mail.get_attribute("href") or "")
    await wanted.click()


async def confirm_address(page: Page, recipient: str) -> None:
    """Open the link of the mail that confirms an address, and press its button."""
    await open_link_in_mail(page, recipient, "/auth/confirm/")
    await page.get_by_role("button", name="Confirm address").click()


async def schedule_in(page: Page, *, days: int) -> None:
    """Schedule what is open in the editor for the morning of a later day, in another time zone."""
    await page.get_by_text("Settings and schedule").click()
    await page.get_by_label("Date and time").fill(f"{now() + timedelta(days=days):%Y-%m-%d}T09:00")
    await page.get_by_label("Time zone").fill("Europe/Lisbon")
    await page.get_by_role("button", name="Schedule").click()
    await expect(page.locator(".notice").filter(has_text="Scheduled for")).to_be_visible()
