"""The HTML of a comment is cached, and each viewer sees what they may do with it."""

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Comment, CommentLike, Mute, Post, User
from tests.comments.support import add_comments
from tests.support import Browser, add_user

URLS = {
    "like": "/comment/1/like", "unlike": "/comment/1/unlike", "reply": "reply_to=1",
    "edit": "/comment/1/edit", "delete": "/comment/1/delete", "remove": "/comment/1/remove",
    "report": "/report/comment/1", "mute": "/user/david/block", "disable": "/moderate/disable/1",
}  # fmt: skip
VIEWERS = {
    "": set(),
    "susan": {"like", "reply", "remove", "report", "mute"},
    "david": {"like", "reply", "edit", "delete"},
    "maud": {"like", "reply", "report", "mute", "disable"},
    "nina": {"like", "reply", "report", "mute"},
}


@pytest.fixture
async def comment(db: AsyncSession, post: Post, david: User) -> Comment:
    """David's comment on Susan's post; the first of the site."""
    (comment,) = await add_comments(db, post, david.id, 1)
    return comment


async def card(browser: Browser) -> str:
    """The HTML of the comment."""
    page = (await browser.get("/post/1")).text
    return page.partition('<article class="comment')[2].partition("</article>")[0]


async def actions(browser: Browser) -> set[str]:
    """What one may do with the comment."""
    shown = await card(browser)
    return {action for action, url in URLS.items() if url in shown}


async def test_each_viewer_sees_their_own_actions(app: Broadside, comment: Comment) -> None:
    await add_user(app, "maud", role="Moderator")
    await add_user(app, "nina")
    for _ in range(2):
        for name, expected in VIEWERS.items():
            async with Browser(app) as browser:
                if name:
                    await browser.open_session(name)
                assert await actions(browser) == expected, name


async def test_a_comment_that_is_shown_again_is_found_in_the_cache(
    app: Broadside, susans_browser: Browser, comment: Comment
) -> None:
    shown = await card(susans_browser)
    cached = app.fragments.bytes
    assert await card(susans_browser) == shown
    assert app.fragments.bytes == cached


async def test_what_changes_is_seen_at_once(
    app: Broadside, db: AsyncSession, susans_browser: Browser, comment: Comment, post: Post
) -> None:
    shown = [await card(susans_browser)]
    nina = await add_user(app, "nina")

    async def changed(*rows: object, **values: object) -> None:
        db.add_all(rows)
        await db.execute(update(Comment).values(values or {"body": "New"}))
        await db.commit()
        shown.append(await card(susans_browser))

    await changed(body_html="<p>New</p>")
    await changed(CommentLike(user_id=nina.id, comment_id=1))
    await changed(CommentLike(user_id=post.author_id, comment_id=1))
    assert "/comment/1/unlike" in shown[-1]
    await changed(Mute(user_id=post.author_id, muted_id=comment.author_id))
    assert "You’ve muted" in shown[-1]
    await changed(disabled_at=comment.created_at, disabled_reason="Rude")
    assert "New" not in shown[-1]
    assert len(set(shown)) == len(shown)
