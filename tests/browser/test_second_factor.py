"""An authenticator app, and confirming who one is, in a real browser."""

from base64 import b32decode

from playwright.async_api import expect
from sqlalchemy import select

from blog.models import User
from tests.accounts.clock import age_sessions
from tests.accounts.second_factors import shown
from tests.browser.conftest import DESKTOP, PHONE, Opener, Site
from tests.browser.sample_site import app_of
from tests.browser.steps import confirm_address, log_in, register
from tests.support import PASSWORD

NAME = "timed"


async def age_sessions_of(site: Site, name: str) -> None:
    """Make the sessions of a person older than a proof lasts."""
    app = app_of(site.var_dir)
    await app.database.open()
    async with app.database.session() as session:
        user_id = await session.scalar(select(User.id).where(User.username == name))
        await age_sessions(session, user_id=user_id, minutes=16)
    await app.database.close()


async def test_an_app_is_set_up_asked_for_skipped_on_a_trusted_device_and_confirms_who_one_is(
    open_page: Opener, site: Site
) -> None:
    page = await open_page(PHONE, scripts=False)
    main = page.get_by_role("main")
    await page.goto("/auth/register")
    await register(page, NAME)
    await confirm_address(await open_page(), f"{NAME}@example.com")
    await page.goto("/auth/two-factor")
    await main.get_by_role("link", name="Set up an app").click()
    await expect(page.get_by_role("img", name="QR code")).to_be_visible()
    key = (await page.locator(".setup-key").inner_text()).replace(" ", "")
    secret = b32decode(key + "=" * (-len(key) % 8))
    await page.get_by_role("textbox", name="Code").fill("000000")
    await main.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_role("textbox", name="Code")).to_have_attribute("aria-invalid", "true")
    await page.get_by_role("textbox", name="Code").fill(shown(secret, -1))
    await main.get_by_role("button", name="Turn on").click()
    await expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()

    device = await open_page(DESKTOP)
    await log_in(device, NAME)
    await device.get_by_role("textbox", name="Code").fill(shown(secret))
    await device.get_by_label("Don’t ask for it on this device").check()
    await device.get_by_role("main").get_by_role("button", name="Log in", exact=True).click()
    await device.get_by_role("navigation").get_by_role("button", name="Log out").click()
    await log_in(device, NAME)
    await expect(device.get_by_role("link", name="Profile")).to_be_visible()

    await age_sessions_of(site, NAME)
    await page.goto("/auth/two-factor")
    await main.get_by_role("button", name="Create new codes").click()
    await expect(page.get_by_role("heading", name="Confirm it’s you")).to_be_visible()
    await page.get_by_label("Password").fill(PASSWORD)
    await page.get_by_role("textbox", name="Code").fill(shown(secret, 1))
    await main.get_by_role("button", name="Continue").click()
    await main.get_by_role("button").first.click()
    await expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
