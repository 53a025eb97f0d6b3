"""The menu: open on a desktop, folded on a phone, there without a script."""

import pytest
from playwright.async_api import expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import WRITER
from tests.browser.steps import log_in


async def test_the_menu_stands_open_on_a_desktop(open_page: Opener) -> None:
    page = await open_page(DESKTOP)
    await page.goto("/auth/register")
    menu = page.get_by_role("navigation", name="Main")
    await expect(menu.get_by_role("link", name="Log in")).to_be_visible()
    await expect(menu.get_by_role("link", name="Sign up")).to_have_attribute("aria-current", "page")
    await expect(page.get_by_role("button", name="Menu")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False])
async def test_the_menu_folds_on_a_phone_and_obeys_the_keyboard(
    open_page: Opener, scripts: bool
) -> None:
    page = await open_page(PHONE, scripts=scripts)
    await page.goto("/auth/login")
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Sign up")
    await expect(link).to_be_hidden()

    await page.get_by_role("button", name="Menu").focus()
    await page.keyboard.press("Enter")
    await expect(link).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(link).to_be_hidden()
    await expect(page.get_by_role("button", name="Menu")).to_be_focused()

    await page.keyboard.press("Space")
    for _ in ("Posts", "Explore", "Search", "Log in", "Sign up"):
        await page.keyboard.press("Tab")
    await expect(link).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign up")


async def test_one_can_log_out_from_the_menu_of_a_phone(open_page: Opener) -> None:
    page = await open_page(PHONE)
    await log_in(page, WRITER)
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("button", name="Log out").click()
    await page.get_by_role("button", name="Menu").click()
    await expect(page.get_by_role("link", name="Log in")).to_be_visible()


async def test_the_first_tab_leads_past_the_menu(open_page: Opener) -> None:
    page = await open_page()
    await page.goto("/")
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("main")).to_be_focused()
