"""Replies to comments, and the threads that they make."""

import asyncio
import re

import httpx
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments.threads import Sort, threads_page
from blog.core.clock import now
from blog.core.db.pagination import CursorRequest
from blog.core.web.app import Broadside
from blog.models import Base, Comment, CommentLike, LoggedEvent, Post, Report, User
from blog.posts.counts import wrong_counts
from tests.accounts.deletions import finish_deletions, leave
from tests.api.support import Client, add_token
from tests.comments.support import add_comments, add_post, shown_comments
from tests.support import Browser

MARKS = re.compile(r'<ol class="thread">|</ol>|id="comment-(\d+)"|Replies to')


async def reply(browser: Browser, parent: int | str, body: str = "So am I") -> httpx.Response:
    """Write a reply by the form that the link "Reply" leads to."""
    return await browser.submit(
        "/post/1", {"body": body, "reply_to": parent}, page=f"/post/1?reply_to={parent}"
    )


async def add_replies(db: AsyncSession, author: User, *parents: int | None) -> None:
    """Comments under post 1, with the ids from 1, each a reply to the comment of that id."""
    paths: list[list[int]] = []
    for number, parent in enumerate(parents, 1):
        path = [*(paths[parent - 1][: Comment.DEEPEST] if parent else ()), number]
        paths.append(path)
        db.add(
            Comment(
                post_id=1,
                author_id=author.id,
                body=f"Comment {number}",
                body_html=f"Comment {number}",
                renderer_version=1,
                parent_id=parent,
                path=path if parent else None,
            )
        )
        await db.flush()
    await db.commit()


def outline(page: httpx.Response) -> str:
    """The nested lists of comments on a page, such as `(1(2 3)4)`; `^` is a comment above."""
    text = ""
    for match in MARKS.finditer(page.text):
        sign = {"<ol": "(", "</o": ")", "Rep": "^"}.get(match[0][:3])
        text += sign or (match[1] if text.endswith(("(", ")")) else f" {match[1]}")
    return text


async def test_a_reply_stands_below_what_it_replies_to(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, susan: User
) -> None:
    await add_comments(db, post, susan.id, 2)
    page = await davids_browser.get("/post/1")
    assert 'href="/post/1?reply_to=1#comment-form"' in page.text
    form = (await davids_browser.get("/post/1?reply_to=1")).text
    assert 'name="reply_to" value="1"' in form
    assert 'In reply to <a href="/comment/1"><bdi>susan</bdi></a>' in form
    answer = await reply(davids_browser, 1)
    assert answer.headers["location"] == "/post/1?page=1#comment-3"
    page = await browser.get("/post/1")
    assert outline(page) == "(1(3)2)"
    assert "3 comments<" in page.text
    assert (await browser.get("/comment/2")).headers["location"] == "/post/1?page=1#comment-2"
    event = await db.scalar(select(LoggedEvent.payload).order_by(LoggedEvent.id.desc()).limit(1))
    assert event is not None and event["parent_id"] == 1
    await reply(davids_browser, 3)
    assert outline(await browser.get("/post/1")) == "(1(3(4))2)"


async def test_below_the_fourth_level_replies_are_in_one_list_by_time(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_replies(db, david, None, 1, 2, 3, 4, 5)
    page = await browser.get("/post/1")
    assert outline(page) == "(1(2(3(4(5 6)))))"
    assert page.text.count("In reply to <a") == 1
    assert 'In reply to <a href="/comment/5"><bdi>david</bdi></a>' in page.text
    await reply(davids_browser, 6)
    await reply(davids_browser, 4)
    assert outline(await browser.get("/post/1")) == "(1(2(3(4(5 6 7 8)))))"


async def test_a_thread_a_thousand_deep_is_read_page_by_page(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_replies(db, david, None, *range(1, 1000))
    assert (await reply(davids_browser, 1000)).headers["location"] == "/post/1?page=34#comment-1001"
    assert outline(await browser.get("/post/1?page=2")) == (
        f"(^(^(^(^({' '.join(map(str, range(31, 61)))})))))"
    )
    assert shown_comments(await browser.get("/post/1?page=-1")) == list(range(991, 1002))


async def test_threads_are_sorted_and_paged_in_each_order(
    browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    # Threads of comments 1, 2, … 8; the rest are replies to 3, and to its first reply.
    await add_replies(db, david, *[None] * 8, *[3] * 32, *[9] * 2)
    orders = {
        "oldest": [1, 2, 3, 9, 41, 42, *range(10, 41), 4, 5, 6, 7, 8],
        "newest": [8, 7, 6, 5, 4, 3, 9, 41, 42, *range(10, 41), 2, 1],
    }
    for sort, order in orders.items():
        pages = [await browser.get(f"/post/1?sort={sort}&page={number}") for number in (1, 2, 3)]
        assert [shown_comments(page) for page in pages] == [order[:30], order[30:], []]
    assert outline(await browser.get("/post/1?sort=newest&page=2")).startswith("(^(31 ")
    assert shown_comments(await browser.get("/post/1?sort=worst")) == orders["oldest"][:30]
    assert "noindex" in (await browser.get("/post/1?sort=newest")).headers["x-robots-tag"]


@pytest.mark.parametrize("sort", Sort)
async def test_threads_by_cursor_are_the_whole_list_in_each_order(
    app: Broadside, browser: Browser, db: AsyncSession, post: Post, david: User, susan: User,
    sort: Sort,
) -> None:  # fmt: skip
    await add_replies(db, david, *[None] * 6, *[3] * 12, *[7] * 5, 2, 24, 25, 26, 27)
    db.add_all(CommentLike(user_id=who.id, comment_id=3) for who in (david, susan))
    db.add(CommentLike(user_id=david.id, comment_id=5))
    await db.commit()
    await db.refresh(post)
    whole = shown_comments(await browser.get(f"/post/1?sort={sort}"))
    assert sorted(whole) == list(range(1, 29))
    firsts = [number for number in whole if number <= 6]
    assert firsts == {
        Sort.OLDEST: [1, 2, 3, 4, 5, 6], Sort.NEWEST: [6, 5, 4, 3, 2, 1],
        Sort.TOP: [3, 5, 6, 4, 2, 1],
    }[sort]  # fmt: skip
    for size in (1, 5):
        found: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            threads = await threads_page(db, post, CursorRequest(size, cursor), sort)
            found += [each.comment.id for each in threads.page.rows]
            cursor = threads.page.next_cursor
        assert found == whole, size
    cursor = (await threads_page(db, post, CursorRequest(5), sort)).page.next_cursor
    page = await browser.get(f"/post/1?sort={sort}&before={cursor}")
    assert shown_comments(page) == whole[5:]


async def test_a_deleted_comment_stays_as_long_as_it_has_replies(
    davids_browser: Browser, susans_browser: Browser, browser: Browser, db: AsyncSession,
    app: Broadside, post: Post, david: User, susan: User,
) -> None:  # fmt: skip
    await add_replies(db, david, None, 1, 2, None)
    await db.execute(update(Comment).where(Comment.id == 3).values(author_id=susan.id))
    db.add(Report(reporter_id=susan.id, comment_id=1, reason="Rude"))
    await db.commit()
    for number in (2, 1):
        answer = await davids_browser.submit(f"/comment/{number}/delete")
        assert answer.headers["location"] == "/post/1?page=1#comments"
    page = await browser.get("/post/1")
    assert outline(page) == "(1(2(3))4)"
    assert page.text.count("Deleted comment") == 2
    assert "Comment 1" not in page.text
    assert "2 comments<" in page.text
    for address in ("/comment/1", "/api/v1/comments/1"):
        assert (await browser.get(address)).status_code == 404
    async with Client(app) as client:
        found = (await client.get("/posts/1/comments/")).json()
        assert (found["count"], [each["id"] for each in found["comments"]]) == (2, [3, 4])
        assert found["comments"][0]["parent_url"].endswith("/comments/2")
        assert (await client.get("/comments/")).json()["count"] == 2
    assert await db.scalar(select(func.count()).select_from(Report)) == 0
    assert not any((await wrong_counts(db)).values())
    refused = await reply(davids_browser, 2)
    assert refused.status_code == 422

    await susans_browser.submit("/comment/3/delete")
    assert outline(await browser.get("/post/1")) == "(4)"
    assert list(await db.scalars(select(Comment.id))) == [4]
    assert not any((await wrong_counts(db)).values())


async def test_all_that_belongs_to_a_deleted_comment_is_deleted_if_its_row_stays(
    db: AsyncSession,
) -> None:
    """By a trigger. For a row that goes, foreign keys do that. Another trigger keeps the search
    index (`tests/search/test_comments.py`)."""
    source = text("SELECT prosrc FROM pg_proc WHERE proname = 'count_removed_comment'")
    trigger = (await db.scalars(source)).one()
    belonging = {
        table.name
        for table in Base.metadata.sorted_tables
        for key in table.foreign_keys
        if key.target_fullname == "comments.id"
    } - {"comments", "comment_search"}
    assert len(belonging) > 3
    assert not [name for name in belonging if f"DELETE FROM {name} WHERE" not in trigger]


@pytest.mark.parametrize("parent", ["2", "3", "4711", "9" * 30, "x", "-1"])
async def test_what_cannot_be_replied_to_says_so_and_keeps_the_text(
    davids_browser: Browser, db: AsyncSession, post: Post, susan: User, app: Broadside,
    david: User, parent: str,
) -> None:  # fmt: skip
    """Comment 2 is disabled, and 3 is on another post."""
    await add_comments(db, post, susan.id, 2)
    await db.execute(
        update(Comment).where(Comment.id == 2).values(disabled_at=now(), disabled_reason="Rude")
    )
    await add_comments(db, await add_post(db, susan), susan.id, 1)
    form = await davids_browser.get(f"/post/1?reply_to={parent}")
    assert form.status_code == 200
    assert 'name="reply_to"' not in form.text
    assert "reply to this comment" in form.text
    answer = await reply(davids_browser, parent, "Typed with care")
    assert answer.status_code == 422
    assert "Typed with care</textarea>" in answer.text
    async with Client(app, token=await add_token(app, david)) as client:
        sent = {"body": "Mine", "reply_to": int(parent) if parent.isdecimal() else parent}
        problem = await client.post("/posts/1/comments/", json=sent)
    assert problem.status_code == 422
    assert "reply_to" in problem.text
    assert await db.scalar(select(func.count()).where(Comment.author_id == david.id)) == 0


async def test_the_api_replies(
    app: Broadside, db: AsyncSession, post: Post, david: User, browser: Browser
) -> None:
    await add_comments(db, post, david.id, 1)
    async with Client(app, token=await add_token(app, david)) as client:
        made = await client.post("/posts/1/comments/", json={"body": "Mine", "reply_to": 1})
        assert made.status_code == 201
        assert made.json() == (await client.get("/comments/2")).json()
        assert made.json()["parent_url"].endswith("/api/v1/comments/1")
        assert (await client.get("/comments/1")).json()["parent_url"] is None
    assert outline(await browser.get("/post/1")) == "(1(2))"


async def test_replies_and_deletions_at_once_leave_whole_threads(
    davids_browser: Browser, susans_browser: Browser, browser: Browser, db: AsyncSession,
    post: Post, david: User,
) -> None:  # fmt: skip
    await add_replies(db, david, None, 1, 1, 2, 3)
    token = await davids_browser.token("/post/1")
    susans = await susans_browser.token("/post/1")
    answers = await asyncio.gather(
        *(
            davids_browser.post(f"/comment/{number}/delete", data={"csrf_token": token})
            for number in (1, 2, 3, 4, 5) * 2
        ),
        *(
            susans_browser.post(
                "/post/1", data={"csrf_token": susans, "body": "Reply", "reply_to": parent}
            )
            for parent in (1, 2, 3, 4, 5) * 2
        ),
    )
    assert {answer.status_code for answer in answers} <= {302, 422}
    assert (await browser.get("/post/1")).status_code == 200
    db.expire_all()
    assert not any((await wrong_counts(db)).values())
    rows = {row.id: row for row in await db.scalars(select(Comment))}
    needed = {row.parent_id for row in rows.values()}
    for row in rows.values():
        assert row.author_id is not None or row.id in needed
        if row.parent_id:
            parent = rows[row.parent_id]
            assert row.path == [*(parent.path or [parent.id])[: Comment.DEEPEST], row.id]


async def test_the_comments_of_a_deleted_account_hold_their_threads_together(
    app: Broadside, browser: Browser, db: AsyncSession, post: Post, susan: User, david: User
) -> None:
    await add_replies(db, david, None, 1, 2, None, 4, None)
    await db.execute(update(Comment).where(Comment.id.in_([3, 6])).values(author_id=susan.id))
    db.add_all(CommentLike(user_id=susan.id, comment_id=number) for number in (1, 5))
    db.add(CommentLike(user_id=david.id, comment_id=6))
    own = await add_post(db, david)
    first = (await add_comments(db, own, susan.id, 1))[0]
    db.add(
        Comment(
            post_id=own.id, author_id=david.id, body="x", body_html="x", renderer_version=1,
            parent_id=first.id, path=[first.id, first.id + 1],
        )
    )  # fmt: skip
    await db.commit()
    await leave(app, david)
    page = await browser.get("/post/1")
    assert outline(page) == "(1(2(3))6)"
    assert "deleted-" not in page.text
    await finish_deletions(app)
    page = await browser.get("/post/1")
    assert outline(page) == "(1(2(3))6)"
    assert page.text.count("Deleted comment") == 2
    assert "2 comments<" in page.text
    assert list(await db.scalars(select(Comment.id).order_by(Comment.id))) == [1, 2, 3, 6]
    assert not any((await wrong_counts(db)).values())
