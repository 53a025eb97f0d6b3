"""What people do on the site, done without a mouse."""

import asyncio
import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import Opener
from tests.browser.sample_site import EDITOR, READER, WRITER
from tests.browser.steps import PATIENCE_SECONDS
from tests.support import PASSWORD

FOCUS_IS_SHOWN = """() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2;
}"""


async def tab_to(page: Page, target: Locator, key: str = "Tab") -> None:
    """Press `key` until `target` has the focus, which has to be seen wherever it is."""
    await expect(target).to_be_visible()
    element = await target.element_handle()
    for _ in range(60):
        await page.keyboard.press(key)
        assert await page.evaluate(FOCUS_IS_SHOWN), f"the focus is not seen on the way to {target}"
        if await page.evaluate("(element) => element === document.activeElement", element):
            return
    raise AssertionError(f"{key} does not lead to {target}")


async def press(page: Page, target: Locator, key: str = "Tab") -> None:
    """Get to a link or a button, and press Enter on it."""
    await tab_to(page, target, key)
    await page.keyboard.press("Enter")


async def type_into(page: Page, target: Locator, text: str) -> None:
    """Get to a field, and type in place of what stands there."""
    await tab_to(page, target)
    await page.keyboard.press("ControlOrMeta+A")
    await page.keyboard.type(text)


async def log_in(page: Page, login: str) -> None:
    """Log in from the front page."""
    await page.goto("/")
    await press(page, page.get_by_role("navigation").get_by_role("link", name="Log in"))
    await type_into(page, page.get_by_label("Email or username"), login)
    await type_into(page, page.get_by_label("Password"), PASSWORD)
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("button", name="Log out")).to_be_visible()


async def skip_to_content(page: Page) -> None:
    await press(page, page.get_by_role("link", name="Skip to content"))
    await expect(page.get_by_role("main")).to_be_focused()


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_post_is_written_edited_commented_on_and_deleted(
    open_page: Opener, scripts: bool
) -> None:
    page = await open_page(scripts=scripts)
    main, text = page.get_by_role("main"), f"Typed without a mouse, scripts {scripts}."
    await log_in(page, WRITER)
    await skip_to_content(page)
    await type_into(page, main.get_by_label("on your mind"), text)
    await press(page, main.get_by_role("button", name="Publish"))
    await expect(main.get_by_text("Post published.")).to_be_visible()

    post = main.get_by_role("article").filter(has_text=text)
    await press(page, post.get_by_role("link", name=f"Post by {WRITER}"))
    await type_into(page, main.get_by_label("Your comment"), "Nor this.")
    await press(page, main.get_by_role("button", name="Comment", exact=True))
    await expect(main.get_by_text("Nor this.")).to_be_visible()

    await page.goto(page.url.partition("?")[0])
    await press(page, main.get_by_role("link", name="Edit", exact=True))
    await type_into(page, main.get_by_role("textbox", name="Text", exact=True), "Typed again.")
    # The bar with the buttons stands above the text.
    await press(page, main.get_by_role("button", name="Update"), "Shift+Tab")
    await expect(main.get_by_text("Changes published.")).to_be_visible()
    await expect(main.get_by_text("Typed again.")).to_be_visible()

    await press(page, main.get_by_role("link", name="Delete", exact=True))
    await press(page, main.get_by_role("button", name="Delete"))
    await expect(main.get_by_text("Post deleted.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_newcomer_registers_confirms_and_publishes_with_a_title_and_tags(
    open_page: Opener, scripts: bool
) -> None:
    page = await open_page(scripts=scripts)
    main = page.get_by_role("main")
    name = "typist" if scripts else "typist.unscripted"
    await page.goto("/")
    await press(page, main.get_by_role("link", name="Sign up"))
    await type_into(page, page.get_by_label("Email"), f"{name}@example.com")
    await type_into(page, page.get_by_label("Username"), name)
    await type_into(page, page.get_by_label("Password", exact=True), PASSWORD)
    await type_into(page, page.get_by_label("Repeat password"), PASSWORD)
    await page.keyboard.press("Enter")
    await press(page, main.get_by_role("link", name="Open the development mailbox"))
    await page.wait_for_url("**/dev/mailbox")
    mail = main.get_by_role("listitem").filter(has_text=f"{name}@example.com").get_by_role("link")
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await mail.first.is_visible():
            await page.reload()
    await press(page, mail.first)
    await press(page, main.locator('a[href*="/auth/confirm/"]').first)
    await press(page, main.get_by_role("button", name="Confirm address"))
    await expect(main.get_by_text("confirmed")).to_be_visible()

    await press(page, page.get_by_role("navigation").get_by_role("link", name="Write"))
    await type_into(page, page.get_by_label("Title", exact=True), f"By hand, {name}")
    await type_into(page, page.get_by_label("Text", exact=True), "No *mouse* was here.")
    await type_into(page, page.get_by_label("Tags"), "keys, patience")
    await press(page, main.get_by_role("button", name="Publish"), "Shift+Tab")
    await expect(main.get_by_text("Post published.")).to_be_visible()
    await expect(main.get_by_role("heading", name=f"By hand, {name}", level=1)).to_be_visible()
    await expect(main.get_by_role("list", name="Tags").get_by_role("listitem")).to_have_text(
        ["keys", "patience"]
    )


async def test_a_person_is_followed_and_a_post_reported_and_hidden(open_page: Opener) -> None:
    page = await open_page()
    main = page.get_by_role("main")
    await log_in(page, READER)
    # On the front page there may be many newer posts, of other tests.
    await press(page, page.get_by_role("navigation").get_by_role("link", name="Search"))
    await expect(main.get_by_role("combobox", name="Search posts")).to_be_focused()
    await page.keyboard.type("okafor")
    await page.keyboard.press("Enter")
    await press(page, main.get_by_role("link", name="@i.okafor").first)
    await press(page, main.get_by_role("button", name="Follow"))
    await press(page, main.get_by_role("button", name="Unfollow"))
    await expect(main.get_by_role("button", name="Follow", exact=True)).to_be_visible()
    await press(page, main.get_by_role("link", name="Post by i.okafor").first)
    await press(page, main.get_by_role("link", name="Report the post"))
    await tab_to(page, main.get_by_label("What’s wrong?"))
    await page.keyboard.type("Some")
    await type_into(page, main.get_by_label("Tell us more"), "Too loud.")
    await press(page, main.get_by_role("button", name="Report"))
    await expect(main.get_by_text("A moderator will take a look.")).to_be_visible()

    page = await open_page()
    main = page.get_by_role("main")
    await log_in(page, EDITOR)
    await press(page, page.get_by_role("navigation").get_by_role("link", name="Admin"))
    await press(page, main.get_by_role("link", name=re.compile("^Moderation")))
    await press(page, main.get_by_role("link", name=re.compile("^Reports")))
    report = main.get_by_role("article").filter(has_text="Too loud.")
    await press(page, report.get_by_role("link", name="Hide the post"))
    await tab_to(page, main.get_by_label("Rule"))
    await page.keyboard.type("1")
    await type_into(page, main.get_by_label("Reason"), "Turn it down.")
    await press(page, main.get_by_role("button", name="Hide"))
    await expect(main.get_by_text("Post hidden, and its reports resolved.")).to_be_visible()
    await press(page, main.get_by_role("link", name="Hidden posts"), "Shift+Tab")
    await press(page, main.get_by_role("link", name="Unhide the post by i.okafor"))
    await type_into(page, main.get_by_label("Reason"), "Thank you.")
    await press(page, main.get_by_role("button", name="Unhide"))
    await expect(main.get_by_text("The post is visible again.")).to_be_visible()


async def test_a_role_is_given_and_a_token_made_and_revoked(open_page: Opener) -> None:
    page = await open_page()
    main = page.get_by_role("main")
    await log_in(page, EDITOR)
    await press(page, page.get_by_role("navigation").get_by_role("link", name="Admin"))
    await press(page, main.get_by_role("link", name="Users", exact=True))
    for role in ("Moderator", "User"):
        await type_into(page, main.get_by_label("Name or email"), "tomas")
        await page.keyboard.press("Enter")
        row = main.get_by_role("row").filter(has_text="tomas@example.com")
        await expect(main.get_by_role("row")).to_have_count(2)
        await press(page, row.get_by_role("link", name="Manage tomas"))
        await press(page, main.get_by_role("link", name="Change role"))
        await tab_to(page, main.get_by_label("New role"))
        await page.keyboard.type(role)
        await type_into(page, main.get_by_label("Reason"), "We agreed on it.")
        await press(page, main.get_by_role("button", name="Change role"))
        await expect(main.get_by_text(f"tomas is now {role}.")).to_be_visible()

    menu = page.get_by_role("navigation", name="Main")
    await press(page, menu.get_by_role("link", name="Settings"))
    await press(page, main.get_by_role("link", name="API tokens"))
    await type_into(page, main.get_by_label("Name"), "typed")
    await tab_to(page, main.get_by_label("Moderate"))
    await page.keyboard.press("Space")
    await type_into(page, main.get_by_label("Password"), PASSWORD)
    await press(page, main.get_by_role("button", name="Create token"))
    await expect(main.get_by_text("Scopes: read and moderate")).to_be_visible()
    await press(page, main.get_by_role("link", name="Back to your tokens"))
    await press(page, main.get_by_role("button", name="Revoke typed"))
    await expect(main.get_by_text("Token revoked.")).to_be_visible()
