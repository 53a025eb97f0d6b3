"""The preview of a comment, and quoting another one, without scripts."""

import html
import re

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import Post, User
from tests.comments.support import add_comments, shown_comments
from tests.support import Browser


async def test_a_preview_publishes_nothing_and_keeps_the_text(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, susan: User
) -> None:
    await add_comments(db, post, susan.id, 1)
    body = "> Comment 1\n\nWell *said*\n\n- one\n- two"
    page = await davids_browser.submit(
        "/post/1", {"body": body, "reply_to": "1", "preview": "true"}, page="/post/1?reply_to=1"
    )
    assert page.status_code == 200
    assert "Well <em>said</em>" in page.text
    assert "<li>two</li>" in page.text
    assert html.unescape(page.text).count(body) == 1
    assert 'name="reply_to" value="1"' in page.text
    assert shown_comments(await browser.get("/post/1")) == [1]


@pytest.mark.parametrize(("body", "status"), [("Well *said*", 200), (" ", 422)])
async def test_the_script_gets_only_the_preview(
    davids_browser: Browser, post: Post, body: str, status: int
) -> None:
    part = await davids_browser.submit("/comment/preview", {"body": body}, page="/post/1")
    assert part.status_code == status
    assert ("Well <em>said</em>" in part.text) == (status == 200)
    assert "<html" not in part.text


async def test_the_link_quote_puts_the_comment_into_the_box(
    davids_browser: Browser, db: AsyncSession, post: Post, susan: User
) -> None:
    [comment] = await add_comments(db, post, susan.id, 1)
    comment.body = "First line\n\n<b>second</b>"
    await db.commit()
    page = await davids_browser.get("/post/1")
    assert 'href="/post/1?reply_to=1&amp;quote=true#comment-form"' in page.text
    page = await davids_browser.get("/post/1?reply_to=1&quote=true")
    box = re.search(r"<textarea[^>]*>\n(.*?)</textarea>", page.text, re.DOTALL)
    assert box is not None
    assert html.unescape(box[1]) == (
        "[susan](https://blog.test/comment/1) wrote:\n\n> First line\n>\n> <b>second</b>\n\n"
    )
    assert "<b>second</b>" not in page.text
