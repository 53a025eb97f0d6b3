"""Editing and deleting one's own comments."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import Comment, Post, User
from tests.comments.support import add_comments, shown_comments
from tests.support import Browser


async def body_of(db: AsyncSession, comment_id: int) -> str:
    return (await db.scalars(select(Comment.body).where(Comment.id == comment_id))).one()


async def test_a_comment_is_edited_and_says_so(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_comments(db, post, david.id, 31)
    assert ">edited " not in (await browser.get("/post/1?page=2")).text
    assert "Comment 31" in (await davids_browser.get("/comment/31/edit")).text
    answer = await davids_browser.submit("/comment/31/edit", {"body": "Better *so*"})
    assert answer.headers["location"] == "/post/1?page=2#comment-31"
    page = (await browser.get("/post/1?page=2")).text
    assert "Better <em>so</em>" in page
    assert ">edited " in page


async def test_saving_the_same_text_is_not_an_edit(
    davids_browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_comments(db, post, david.id, 1)
    await davids_browser.submit("/comment/1/edit", {"body": "Comment 1"})
    assert (await db.scalars(select(Comment.edited_at))).one() is None


async def test_an_empty_edit_comes_back_with_a_message(
    davids_browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_comments(db, post, david.id, 1)
    answer = await davids_browser.submit("/comment/1/edit", {"body": " "})
    assert answer.status_code == 422
    assert await body_of(db, 1) == "Comment 1"


async def test_after_15_minutes_a_comment_stays_as_it_is(
    davids_browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_comments(db, post, david.id, 1, age=timedelta(minutes=14, seconds=50))
    assert "/comment/1/edit" in (await davids_browser.get("/post/1")).text
    token = await davids_browser.token("/comment/1/edit")
    await db.execute(update(Comment).values(created_at=now() - timedelta(minutes=15, seconds=1)))
    await db.commit()

    late = await davids_browser.post(
        "/comment/1/edit", data={"csrf_token": token, "body": "What I wanted to say"}
    )
    assert late.status_code == 422
    assert "15 minutes" in late.text
    assert "What I wanted to say" in late.text
    assert await body_of(db, 1) == "Comment 1"
    assert (await davids_browser.get("/comment/1/edit")).status_code == 403
    assert "/comment/1/edit" not in (await davids_browser.get("/post/1")).text


async def test_after_the_question_a_comment_is_deleted(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_comments(db, post, david.id, 32)
    assert "Comment 31" in (await davids_browser.get("/comment/31/delete")).text
    answer = await davids_browser.submit("/comment/31/delete")
    assert answer.headers["location"] == "/post/1?page=1#comments"
    assert shown_comments(await browser.get("/post/1?page=2")) == [32]
    assert (await davids_browser.get("/comment/31/delete")).status_code == 404


async def test_the_question_alone_deletes_nothing(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_comments(db, post, david.id, 1)
    await davids_browser.get("/comment/1/delete")
    assert shown_comments(await browser.get("/post/1")) == [1]


@pytest.mark.parametrize("action", ["edit", "delete"])
async def test_other_people_can_neither_edit_nor_delete_it(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, action: str
) -> None:
    await add_comments(db, post, post.author_id, 1)
    address = f"/comment/1/{action}"
    assert (await davids_browser.get(address)).status_code == 403
    answer = await davids_browser.submit(address, {"body": "x"}, page="/post/1")
    assert answer.status_code == 403
    stranger = await browser.get(address)
    assert stranger.headers["location"] == f"/auth/login?next=/comment/1/{action}"
    answer = await browser.submit(address, {"body": "x"}, page="/auth/login")
    assert "been logged out" in answer.text
    assert await body_of(db, 1) == "Comment 1"
    assert address not in (await davids_browser.get("/post/1")).text


async def test_a_comment_that_is_not_there_is_404(davids_browser: Browser, post: Post) -> None:
    for action in ("edit", "delete"):
        assert (await davids_browser.get(f"/comment/7/{action}")).status_code == 404
    answer = await davids_browser.submit("/comment/7/edit", {"body": "x"}, page="/post/1")
    assert answer.status_code == 404


async def test_deleting_what_is_gone_is_a_success(davids_browser: Browser, post: Post) -> None:
    answer = await davids_browser.submit("/comment/7/delete", page="/post/1")
    assert answer.headers["location"] == "/"
    assert "This comment has already been deleted." in (await davids_browser.get("/")).text
