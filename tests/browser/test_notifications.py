"""Two people at their browsers: what one does, the other hears of while their pages are open."""

import re

from playwright.async_api import expect

from tests.browser.conftest import Opener
from tests.browser.sample_site import ESSAY, READER, WRITER
from tests.browser.steps import log_in


async def test_a_comment_is_heard_of_live_and_read_in_all_tabs(open_page: Opener) -> None:
    tab, reader = await open_page(), await open_page()
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
    assert await other.locator(".comment").count() == before, "nothing is inserted"
    await news.click()
    await expect(other.get_by_text("And who sharpens the pencil?")).to_be_visible()

    await tab.get_by_role("link", name="Notifications 1 unread").click()
    await tab.get_by_role("button", name=re.compile(f"^{READER} commented on")).click()
    await expect(tab.get_by_text("And who sharpens the pencil?")).to_be_visible()
    for page in (tab, other):
        await expect(page.locator(".bell-count")).to_be_hidden()
        await expect(page).to_have_title(re.compile(r"^[^(]"))
