"""Two people at their browsers: what one does, the other hears of while their pages are open."""

import re

from playwright.async_api import BrowserContext, Locator, Page, Request, expect

from tests.browser.conftest import Opener
from tests.browser.sample_site import EDITOR, ESSAY, READER, WRITER
from tests.browser.steps import log_in
from tests.servers import until


def streams_of(context: BrowserContext) -> set[Request]:
    """The streams that a browser has open, as they begin and end."""
    found: set[Request] = set()

    def begun(request: Request) -> None:
        if "/notifications/stream" in request.url:
            found.add(request)

    def ended(request: Request) -> None:
        found.discard(request)

    context.on("request", begun)
    context.on("requestfinished", ended)
    context.on("requestfailed", ended)
    return found


async def read_all(page: Page) -> None:
    """Mark all notifications as read, if there are any."""
    await page.goto("/notifications")
    if await page.get_by_role("button", name="Mark all as read").count():
        await page.get_by_role("button", name="Mark all as read").click()


def unread_line(page: Page, beginning: str) -> Locator:
    """The unread notification on the page that begins with these words."""
    name = re.compile(f"^{re.escape(beginning)}")
    return page.locator("li.unread").get_by_role("button", name=name)


async def send_comment(page: Page, text: str) -> None:
    """Write into the form for a comment or a reply, and send it."""
    await page.get_by_label("Your comment").or_(page.get_by_label("Your reply")).fill(text)
    form = page.locator("#comment-form")
    await form.get_by_role("button", name=re.compile("^(Comment|Reply)$")).click()


async def test_a_comment_is_heard_of_live_and_read_in_all_tabs(open_page: Opener) -> None:
    tab, reader = await open_page(), await open_page()
    streams = streams_of(tab.context)
    await log_in(tab, WRITER)
    await log_in(reader, READER)
    await tab.goto("/notifications")
    await tab.get_by_role("button", name="Mark all as read").click()
    await tab.goto("/explore")
    other = await tab.context.new_page()
    await other.goto(ESSAY)
    before = await other.locator(".comment").count()

    await reader.goto(ESSAY)
    await reader.get_by_label("Your comment").fill("And who sharpens the pencil?")
    await reader.get_by_role("main").get_by_role("button", name="Comment", exact=True).click()

    for page in (tab, other):
        await expect(page.get_by_role("link", name="Notifications 1 unread")).to_be_visible()
        await expect(page).to_have_title(re.compile(r"^\(1\) "))
    news = other.get_by_role("link", name="1 new comment, show")
    await expect(news).to_be_visible()

    async def is_one() -> bool:
        return len(streams) == 1

    await until(is_one)
    assert await other.locator(".comment").count() == before, "nothing is inserted"
    await news.click()
    await expect(other.get_by_text("And who sharpens the pencil?")).to_be_visible()

    await tab.get_by_role("link", name="Notifications 1 unread").click()
    await tab.get_by_role("button", name=re.compile(f"^{READER} commented on")).click()
    await expect(tab.get_by_text("And who sharpens the pencil?")).to_be_visible()
    for page in (tab, other):
        await expect(page.locator(".bell-count")).to_be_hidden()
        await expect(page).to_have_title(re.compile(r"^[^(]"))


async def test_a_reply_a_mention_and_a_like_are_heard_of_live(open_page: Opener) -> None:
    writer, reader = await open_page(), await open_page()
    await log_in(writer, WRITER)
    await log_in(reader, READER)
    await read_all(reader)
    await writer.goto(ESSAY)
    comment = writer.locator(".comment", has_text="Who paid for the paper?").last
    await comment.get_by_role("button", name="Like").click()
    await expect(reader.get_by_role("link", name="Notifications 1 unread")).to_be_visible()
    await comment.get_by_role("link", name="Reply to").click()
    await send_comment(writer, "Who wanted to be read.")
    await expect(writer.locator(".comment", has_text="Who wanted").last).to_be_visible()
    await expect(reader.get_by_role("link", name="Notifications 2 unread")).to_be_visible()
    await send_comment(writer, f"And who prints today, @{READER}?")
    await expect(reader.get_by_role("link", name="Notifications 3 unread")).to_be_visible()
    await reader.reload()
    for told in ("liked your comment", "replied to your comment", "mentioned you in a comment"):
        await expect(unread_line(reader, f"Ada Moreno {told}")).to_be_visible()


async def test_two_people_talk_without_scripts_by_reloading(open_page: Opener) -> None:
    writer, reader = await open_page(scripts=False), await open_page(scripts=False)
    editor = await open_page(scripts=False)
    for page, name in ((writer, WRITER), (reader, READER), (editor, EDITOR)):
        await log_in(page, name)
        await read_all(page)

    await reader.goto(ESSAY)
    await send_comment(reader, "Who sharpens the sharpener?")
    await writer.reload()
    await writer.get_by_role("link", name="Notifications 1 unread").click()
    await unread_line(writer, f"{READER} commented on").click()
    comment = writer.locator(".comment", has_text="Who sharpens the sharpener?")
    await comment.get_by_role("link", name="Reply to").click()
    await send_comment(writer, f"Only you can, or @{EDITOR}.")
    await editor.reload()
    await editor.get_by_role("link", name="Notifications 1 unread").click()
    await unread_line(editor, "Ada Moreno mention").click()
    await expect(editor.locator(".comment", has_text="Only you can").last).to_be_visible()
    await reader.reload()
    await reader.get_by_role("link", name="Notifications 1 unread").click()
    await unread_line(reader, "Ada Moreno replied to").click()
    reply = reader.locator(".comment", has_text="Only you can").last
    await reply.get_by_role("button", name="Like").click()
    await writer.goto("/notifications")
    await expect(unread_line(writer, f"{READER} liked your comment")).to_be_visible()
    other = await writer.context.new_page()
    await writer.get_by_role("button", name="Mark all as read").click()
    await other.goto("/explore")
    for page in (writer, other, reader, editor):
        await page.reload()
        await expect(page.locator(".bell-count")).to_be_hidden()
