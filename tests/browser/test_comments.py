"""Comments and their moderation, in a real browser."""

import re

import pytest
from playwright.async_api import Locator, Page, expect

from tests.browser.conftest import DESKTOP, PHONE, Opener
from tests.browser.sample_site import EDITOR, ESSAY, READER, WRITER
from tests.browser.steps import log_in

REASON = "Rude, and beside the point."


async def comment(page: Page, text: str) -> None:
    """Write a comment under the sample site's essay."""
    await page.goto(ESSAY)
    await page.get_by_label("Your comment").fill(text)
    await page.get_by_role("main").get_by_role("button", name="Comment", exact=True).click()


def menu_of(comment: Locator) -> Locator:
    """What opens the rarer actions of a comment."""
    return comment.locator("summary", has_text="More")


@pytest.mark.parametrize(
    ("name", "size", "scripts"), [("scripted", DESKTOP, True), ("scriptless", PHONE, False)]
)
async def test_after_commenting_one_lands_on_ones_own_comment(
    open_page: Opener, name: str, size: tuple[int, int], scripts: bool
) -> None:
    page = await open_page(size, scripts=scripts)
    await log_in(page, "tomas")
    await comment(page, f"I was *{name}*, <b>honestly</b>.")

    written = page.get_by_role("article").filter(has_text=f"I was {name}, <b>honestly</b>.")
    await expect(written).to_be_in_viewport()
    await expect(written.locator("em")).to_have_text(name)
    await expect(page).to_have_url(f"{ESSAY}?page=1#{await written.get_attribute('id')}")

    more, edit = menu_of(written), written.get_by_role("link", name="Edit your comment")
    await expect(edit).to_be_hidden()
    await more.press("Enter")
    await expect(edit).to_be_in_viewport()
    if scripts:
        await page.keyboard.press("Tab")
        await expect(edit).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(edit).to_be_hidden()
        await expect(more).to_be_focused()
        await more.click()
        await page.get_by_label("Your comment").click()
        await expect(edit).to_be_hidden()
        await more.click()
    await edit.click()
    await page.get_by_label("Your comment").fill(f"On reflection, {name}.")
    await page.get_by_role("main").get_by_role("button", name="Save").click()
    changed = page.get_by_role("article").filter(has_text=f"On reflection, {name}.")
    await expect(changed).to_be_in_viewport()
    await expect(changed).to_contain_text("edited")


@pytest.mark.parametrize(
    ("name", "size", "scripts"), [("scripted", DESKTOP, True), ("scriptless", PHONE, False)]
)
async def test_a_reported_comment_is_disabled_with_a_reason_and_enabled_again(
    open_page: Opener, name: str, size: tuple[int, int], scripts: bool
) -> None:
    author, reader, moderator = [await open_page(size, scripts=scripts) for _ in range(3)]
    await log_in(author, "i.okafor")
    await log_in(reader, WRITER)
    await log_in(moderator, EDITOR)
    text, main = f"Nonsense, {name}!", moderator.get_by_role("main")
    await comment(author, text)
    # Without the anchor, each visit loads the page anew.
    address, _, anchor = author.url.partition("#")
    shown = reader.locator(f"#{anchor}")

    await reader.goto(address)
    await expect(shown).to_contain_text(text)
    await menu_of(shown).click()
    await shown.get_by_role("link", name="Report the comment by i.okafor").click()
    await reader.get_by_label("What’s wrong?").select_option("Something else")
    await reader.get_by_label("Tell us more").fill(f"He shouts: {name}.")
    await reader.get_by_role("button", name="Report").click()
    await expect(reader.get_by_text("A moderator will take a look.")).to_be_visible()

    await moderator.goto("/moderate/reports")
    report = main.get_by_role("article").filter(has_text=f"He shouts: {name}.")
    await expect(report).to_contain_text(text)
    await report.get_by_role("link", name="Disable the comment").click()
    await moderator.get_by_label("Rule").select_option("1")
    await moderator.get_by_label("Reason").fill(REASON)
    await main.get_by_role("button", name="Disable").click()
    await expect(main.get_by_text("Comment disabled, and its reports")).to_be_visible()
    # It keeps its place, so that no other card moves under the pointer.
    await expect(report).to_contain_text(re.compile(rf"Resolved .+ by {EDITOR}"))
    await expect(report).to_contain_text(f"Note: {REASON}")
    await moderator.goto("/moderate/reports")
    await expect(report).to_have_count(0)
    await moderator.goto("/moderate/reports/closed")
    await expect(report).to_contain_text(re.compile(rf"Resolved .+ by {EDITOR}"))

    await reader.goto(address)
    await expect(shown).to_contain_text("A moderator has disabled this comment.")
    await expect(reader.get_by_text(text)).to_have_count(0)
    await expect(reader.get_by_text(REASON)).to_have_count(0)
    await author.goto(address)
    await expect(author.locator(f"#{anchor}")).to_contain_text(f"Reason: {REASON}")
    await expect(author.get_by_text(text)).to_be_visible()

    await moderator.goto(address)
    remark = main.get_by_role("article", name="Comment by i.okafor").filter(has_text=text)
    await menu_of(remark).click()
    await remark.get_by_role("link", name="Enable the comment by i.okafor").click()
    await moderator.get_by_label("Reason").fill("He has apologised.")
    await main.get_by_role("button", name="Enable").click()
    await expect(main.get_by_text("Comment enabled.")).to_be_visible()
    await reader.goto(address)
    await expect(shown).to_contain_text(text)
    await expect(shown).not_to_contain_text("A moderator has disabled")


async def test_the_browser_keeps_a_draft_of_a_comment_until_it_is_sent(open_page: Opener) -> None:
    page = await open_page(DESKTOP)
    await log_in(page, READER)
    await page.goto(ESSAY)
    text, note = page.get_by_label("Your comment"), page.get_by_text("Your browser kept this draft")
    await expect(note).to_be_hidden()
    await text.fill("Half a thought")
    await page.goto("/")
    await page.goto(ESSAY)
    await expect(text).to_have_value("Half a thought")
    await expect(note).to_be_visible()
    await page.get_by_role("button", name="Comment", exact=True).click()
    await expect(page.get_by_role("article").filter(has_text="Half a thought")).to_be_visible()
    await page.goto(ESSAY)
    await expect(text).to_have_value("")
    await expect(note).to_be_hidden()


async def test_a_selected_passage_is_quoted_with_its_author(open_page: Opener) -> None:
    page = await open_page(DESKTOP)
    await log_in(page, READER)
    await page.goto(ESSAY)
    box, button = page.get_by_label("Your comment"), page.get_by_role("button", name="Quote")
    await expect(button).to_be_hidden()
    await box.fill("Two things.")
    passage = page.get_by_role("article").get_by_text("And the verso stayed empty")
    await passage.select_text()
    await button.click()
    address = await passage.locator("xpath=ancestor::article").get_attribute("id")
    assert address is not None
    await expect(box).to_have_value(
        "Two things.\n\n"
        f"[tomas]({page.url.split('/post/')[0]}/comment/{address.removeprefix('comment-')}) wrote:"
        "\n\n> And the verso stayed empty, so that it could be pasted up. I had never thought about"
        " that.\n\n"
    )
    await expect(button).to_be_hidden()
    await expect(page.get_by_label("Preview").locator("blockquote")).to_contain_text("verso")
