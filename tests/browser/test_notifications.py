"""Two people at their browsers: what one does, the other hears of while their pages are open."""

import re

from playwright.async_api import BrowserContext, Page, Request, expect

from tests.browser.conftest import Opener
from tests.browser.sample_site import ESSAY, READER, WRITER
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


async def test_two_people_talk_without_scripts_by_reloading(open_page: Opener) -> None:
    writer, reader = await open_page(scripts=False), await open_page(scripts=False)
    await log_in(writer, WRITER)
    await log_in(reader, READER)
    for page in (writer, reader):
        await page.goto("/notifications")
        if await page.get_by_role("button", name="Mark all as read").count():
            await page.get_by_role("button", name="Mark all as read").click()

    async def send(page: Page, text: str) -> None:
        await page.get_by_label("Your comment").or_(page.get_by_label("Your reply")).fill(text)
        form = page.locator("#comment-form")
        await form.get_by_role("button", name=re.compile("^(Comment|Reply)$")).click()

    await reader.goto(ESSAY)
    await send(reader, "Who sharpens the sharpener?")
    await writer.reload()
    await writer.get_by_role("link", name="Notifications 1 unread").click()
    unread = writer.locator("li.unread")
    await unread.get_by_role("button", name=re.compile(f"^{READER} commented on")).click()
    comment = writer.locator(".comment", has_text="Who sharpens the sharpener?")
    await comment.get_by_role("link", name="Reply to").click()
    await send(writer, f"Only you can, @{READER}.")
    await reader.reload()
    await reader.get_by_role("link", name="Notifications 1 unread").click()
    await reader.get_by_role("button", name=re.compile("^Ada Moreno replied to")).click()
    reply = reader.locator(".comment", has_text="Only you can").last
    await reply.get_by_role("button", name="Like").click()
    await writer.goto("/notifications")
    await expect(
        writer.get_by_role("button", name=re.compile(f"^{READER} liked your comment"))
    ).to_be_visible()
    other = await writer.context.new_page()
    await writer.get_by_role("button", name="Mark all as read").click()
    await other.goto("/explore")
    for page in (writer, other, reader):
        await page.reload()
        await expect(page.locator(".bell-count")).to_be_hidden()
