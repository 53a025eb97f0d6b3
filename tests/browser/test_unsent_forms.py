"""Forms that are sent after the session has ended come back filled, and lose nothing."""

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import ESSAY, READER
from tests.browser.steps import log_in
from tests.support import PASSWORD

BROWSERS = pytest.mark.parametrize(
    ("name", "size", "scripts"), [("scripted", DESKTOP, True), ("scriptless", PHONE, False)]
)


async def end_session(page: Page) -> None:
    """Take away the session, as if it had ended on the server."""
    await page.context.clear_cookies(name="login")


async def log_in_again(page: Page) -> None:
    """Log in on the page that a form has led to, and see that it was not sent."""
    main = page.get_by_role("main")
    await expect(main.get_by_text("You’ve been logged out")).to_be_visible()
    await page.get_by_label("Email or username").fill(READER)
    await page.get_by_label("Password").fill(PASSWORD)
    await main.get_by_role("button", name="Log in", exact=True).click()
    await expect(main.get_by_text("been sent yet")).to_be_visible()


@BROWSERS
async def test_a_post_with_a_title_and_tags_comes_back(
    open_page: Opener, name: str, size: tuple[int, int], scripts: bool
) -> None:
    page = await open_page(size, scripts=scripts)
    main = page.get_by_role("main")
    await log_in(page, READER)
    await page.goto("/write")
    await end_session(page)
    # The editor would save it meanwhile, and say that it cannot: test_editor.py.
    await page.route("**/preview", lambda route: route.fulfill(body=""))
    await page.get_by_label("Title", exact=True).fill(f"Too late, {name}")
    await page.get_by_label("Text", exact=True).fill('Two <b>lines</b> & "quotes",\n\nthis is one.')
    await page.get_by_label("Tags").fill("patience, clocks")
    await main.get_by_role("button", name="Publish").click()

    await log_in_again(page)
    await expect(page.get_by_label("Title", exact=True)).to_have_value(f"Too late, {name}")
    await expect(page.get_by_label("Text", exact=True)).to_have_value(
        'Two <b>lines</b> & "quotes",\n\nthis is one.'
    )
    await expect(page.get_by_label("Tags")).to_have_value("patience, clocks")
    await main.get_by_role("button", name="Send").click()
    await expect(main.get_by_role("heading", name=f"Too late, {name}", level=1)).to_be_visible()
    await expect(main.get_by_text('Two <b>lines</b> & "quotes",')).to_be_visible()
    await expect(main.get_by_role("list", name="Tags").get_by_role("listitem")).to_have_text(
        ["patience", "clocks"]
    )


@BROWSERS
async def test_a_comment_comes_back(
    open_page: Opener, name: str, size: tuple[int, int], scripts: bool
) -> None:
    page = await open_page(size, scripts=scripts)
    main, text = page.get_by_role("main"), f'Written in {name}\n\nwith <b> & "quotes"'
    await log_in(page, READER)
    await page.goto(ESSAY)
    await page.get_by_label("Your comment").fill(text)
    await end_session(page)
    await main.get_by_role("button", name="Comment", exact=True).click()

    await log_in_again(page)
    await expect(page.get_by_label("Text")).to_have_value(text)
    await main.get_by_role("button", name="Send").click()
    await expect(main.get_by_text(f"Written in {name}")).to_be_visible()


@BROWSERS
async def test_a_profile_comes_back(
    open_page: Opener, name: str, size: tuple[int, int], scripts: bool
) -> None:
    page = await open_page(size, scripts=scripts)
    main = page.get_by_role("main")
    await log_in(page, READER)
    await page.goto("/edit-profile")
    await page.get_by_label("Name", exact=True).fill("Jun Park")
    await page.get_by_label("Location").fill("Busan")
    await page.get_by_label("About me").fill(f"Reads the last page first.\nEven {name}.")
    await end_session(page)
    await main.get_by_role("button", name="Save").click()

    await log_in_again(page)
    await expect(page.get_by_label("Name", exact=True)).to_have_value("Jun Park")
    await expect(page.get_by_label("Location")).to_have_value("Busan")
    await page.get_by_label("About me").fill(f"Reads the last page first. {name}.")
    await main.get_by_role("button", name="Send").click()
    await expect(main.get_by_role("heading", name="Jun Park", level=1)).to_be_visible()
    await expect(main.get_by_text("Busan")).to_be_visible()
    await expect(main.get_by_text(f"Reads the last page first. {name}.")).to_be_visible()
