"""Passkeys, by the virtual authenticator of Chromium."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import DESKTOP, Opener, Site
from tests.browser.steps import confirm_address, register
from tests.browser.watch import watch
from tests.support import PASSWORD

# Of a laptop with a reader for fingerprints.
AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


@pytest.fixture
async def page(chromium: Browser, site: Site) -> AsyncIterator[Page]:
    """A window at a host with a name, because passkeys belong to names, and not to addresses."""
    url, problems = site.url.replace("127.0.0.1", "localhost"), list[str]()
    context = await chromium.new_context(
        base_url=url, viewport={"width": DESKTOP[0], "height": DESKTOP[1]}
    )
    watch(context, url, problems)
    page = await context.new_page()
    devtools = await context.new_cdp_session(page)
    await devtools.send("WebAuthn.enable")
    await devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield page
    await context.close()
    assert problems == []


async def log_out(page: Page) -> None:
    await page.get_by_role("navigation").get_by_role("button", name="Log out").click()
    await expect(page.get_by_text("You've logged out.")).to_be_visible()


async def test_a_passkey_is_added_logs_in_and_is_the_second_factor_of_a_password(
    page: Page, open_page: Opener
) -> None:
    main = page.get_by_role("main")
    await page.goto("/auth/register")
    await register(page, "keyed")
    await expect(main.get_by_text("You're logged in")).to_be_visible()
    await confirm_address(await open_page(), "keyed@example.com")
    await page.goto("/auth/passkeys")
    await main.get_by_role("link", name="Add a passkey").click()
    await main.get_by_label("Name").fill("Laptop")
    await main.get_by_role("button", name="Continue").click()
    await expect(page.get_by_role("heading", name="Your recovery codes")).to_be_visible()
    codes = await main.get_by_role("listitem").all_inner_texts()
    async with page.expect_download() as download:
        await main.get_by_role("link", name="Download").click()
    saved = await (await download.value).path()
    assert all(code in saved.read_text() for code in codes)
    await page.goto("/auth/passkeys/new")
    await main.get_by_role("button", name="Continue").click()
    await expect(main.get_by_text("already has a passkey")).to_be_visible()

    await log_out(page)
    await page.goto("/auth/login?next=/explore")
    await main.get_by_role("button", name="Use a passkey instead").click()
    await page.wait_for_url("**/explore")

    await log_out(page)
    for use_code in (False, True):
        await page.goto("/auth/login")
        await page.get_by_label("Email or username").fill("keyed")
        await page.get_by_label("Password").fill(PASSWORD)
        await main.get_by_role("button", name="Log in", exact=True).click()
        await expect(page.get_by_role("heading", name="Enter your code")).to_be_visible()
        if use_code:
            await page.get_by_label("Code").fill(codes[0])
            await main.get_by_role("button", name="Log in", exact=True).click()
        else:
            await main.get_by_role("button", name="Use a passkey instead").click()
        await expect(page.get_by_role("link", name="Profile")).to_be_visible()
        await log_out(page)


async def test_without_scripts_passkeys_are_not_offered(chromium: Browser, site: Site) -> None:
    context = await chromium.new_context(base_url=site.url, java_script_enabled=False)
    page = await context.new_page()
    await page.goto("/auth/login")
    await expect(page.get_by_role("button", name="Log in", exact=True)).to_be_visible()
    await expect(page.get_by_text("passkey")).to_be_hidden()
    await context.close()
