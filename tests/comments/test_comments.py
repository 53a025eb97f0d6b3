"""Writing comments, and reading them page by page."""

from collections.abc import Awaitable, Callable

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, Post, User
from tests.comments.support import add_comments, shown_comments, submission_in
from tests.support import Browser

LONGEST = 8192


async def number_of_comments(db: AsyncSession) -> int:
    return (await db.scalars(select(func.count()).select_from(Comment))).one()


async def comment_count(db: AsyncSession, post: Post) -> int:
    return (await db.scalars(select(Post.comment_count).where(Post.id == post.id))).one()


async def test_after_writing_one_lands_on_ones_own_comment(
    davids_browser: Browser, browser: Browser, post: Post
) -> None:
    answer = await davids_browser.submit("/post/1", {"body": "Well *said*"})
    assert answer.status_code == 302
    assert answer.headers["location"] == "/post/1?page=1#comment-1"
    for visitor in (davids_browser, browser):
        page = await visitor.get("/post/1?page=1")
        assert shown_comments(page) == [1]
        assert "Well <em>said</em>" in page.text
        assert "1 comment<" in page.text


async def test_comments_come_from_the_oldest_in_pages_of_30(
    davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post, susan: User
) -> None:
    await add_comments(db, post, susan.id, 60)
    pages = [shown_comments(await browser.get(f"/post/1?page={n}")) for n in (1, 2, 3)]
    assert pages == [list(range(1, 31)), list(range(31, 61)), []]
    answer = await davids_browser.submit("/post/1", {"body": "I am the 61st"})
    assert answer.headers["location"] == "/post/1?page=3#comment-61"
    assert shown_comments(await browser.get("/post/1?page=3")) == [61]


async def test_the_page_minus_one_is_the_last(
    browser: Browser, db: AsyncSession, post: Post, susan: User
) -> None:
    assert (await browser.get("/post/1?page=-1")).status_code == 200
    await add_comments(db, post, susan.id, 30)
    assert shown_comments(await browser.get("/post/1?page=-1")) == list(range(1, 31))
    await add_comments(db, post, susan.id, 1)
    assert shown_comments(await browser.get("/post/1?page=-1")) == [31]


async def test_a_page_past_the_end_leads_back(browser: Browser, post: Post) -> None:
    page = await browser.get("/post/1?page=4")
    assert page.status_code == 200
    assert "/post/1#comments" in page.text


@pytest.mark.parametrize("page", ["0", "-2", "x", "99999999999"])
async def test_a_page_that_cannot_be_is_404(browser: Browser, post: Post, page: str) -> None:
    assert (await browser.get(f"/post/1?page={page}")).status_code == 404


async def test_a_comments_own_address_leads_to_it_wherever_it_is_by_now(
    browser: Browser, db: AsyncSession, post: Post, susan: User
) -> None:
    await add_comments(db, post, susan.id, 31)
    assert (await browser.get("/comment/31")).headers["location"] == "/post/1?page=2#comment-31"
    await db.execute(delete(Comment).where(Comment.id == 3))
    await db.commit()
    assert (await browser.get("/comment/31")).headers["location"] == "/post/1?page=1#comment-31"
    assert (await browser.get("/comment/3")).status_code == 404


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "Please fill in"),
        (" \n\t ", "Please fill in"),
        ("x" * (LONGEST + 1), "at most 8,192 characters"),
    ],
)
async def test_an_empty_or_too_long_comment_comes_back_with_its_text(
    davids_browser: Browser, db: AsyncSession, post: Post, body: str, words: str
) -> None:
    answer = await davids_browser.submit("/post/1", {"body": body})
    assert answer.status_code == 422
    assert words in answer.text
    assert body.strip() in answer.text
    assert await number_of_comments(db) == 0


async def test_the_longest_comment_may_have_lines(
    davids_browser: Browser, db: AsyncSession, post: Post
) -> None:
    body = ("x" * 63 + "\n") * 127 + "x" * 64
    assert len(body) == LONGEST
    answer = await davids_browser.submit("/post/1", {"body": body.replace("\n", "\r\n")})
    assert answer.status_code == 302
    assert (await db.scalars(select(Comment.body))).one() == body


async def test_a_stranger_is_asked_to_log_in(browser: Browser, post: Post) -> None:
    assert "<textarea" not in (await browser.get("/post/1")).text
    assert "/auth/login?next=/post/1" in (await browser.get("/post/1")).text
    token = await browser.token("/auth/login")
    answer = await browser.post("/post/1", data={"body": "x", "csrf_token": token})
    assert answer.status_code == 403
    assert "been logged out" in answer.text


async def test_somebody_without_the_permission_may_not_comment(
    silents_browser: Browser, db: AsyncSession, post: Post
) -> None:
    assert 'action="/post/1"' not in (await silents_browser.get("/post/1")).text
    answer = await silents_browser.submit("/post/1", {"body": "x"}, page="/post/1")
    assert answer.status_code == 403
    assert await number_of_comments(db) == 0


async def test_an_unconfirmed_person_may_not_comment(
    app: Broadside,
    db: AsyncSession,
    post: Post,
    make_user: Callable[..., Awaitable[User]],
) -> None:
    await make_user("newcomer", confirmed=False)
    async with Browser(app) as visitor:
        await visitor.log_in("newcomer")
        answer = await visitor.submit("/post/1", {"body": "x"}, page="/auth/unconfirmed")
    assert answer.status_code in {302, 403}
    assert await number_of_comments(db) == 0


@pytest.mark.parametrize("fate", ["deleted", "hidden"])
async def test_who_comments_on_a_post_that_has_just_gone_is_told_and_keeps_the_text(
    davids_browser: Browser, db: AsyncSession, post: Post, fate: str
) -> None:
    token = await davids_browser.token("/post/1")
    if fate == "deleted":
        await db.execute(delete(Post))
    else:
        await db.execute(update(Post).values(hidden_at=now()))
    await db.commit()
    form = {"csrf_token": token, "body": "Much thought <went> into this"}
    answer = await davids_browser.post("/post/1", data=form)
    gone = {"deleted": 404, "hidden": 410}
    sentence = {
        "deleted": "It may have been deleted.",
        "hidden": "A moderator has hidden this post.",
    }
    assert answer.status_code == gone[fate]
    assert sentence[fate] in answer.text
    assert "Much thought &lt;went&gt; into this" in answer.text
    assert await number_of_comments(db) == 0


async def test_the_same_form_sent_twice_makes_one_comment(
    davids_browser: Browser, db: AsyncSession, post: Post
) -> None:
    page = await davids_browser.get("/post/1")
    form = {"body": "once", "submission": submission_in(page)}
    first = await davids_browser.submit("/post/1", form, page="/post/1")
    second = await davids_browser.submit("/post/1", form, page="/post/1")
    assert first.headers["location"] == second.headers["location"]
    assert second.headers["location"] == "/post/1?page=1#comment-1"
    assert await number_of_comments(db) == 1
    assert await comment_count(db, post) == 1


async def test_the_same_form_with_another_text_makes_another_comment(
    davids_browser: Browser, db: AsyncSession, post: Post
) -> None:
    """As after the Back button."""
    submission = submission_in(await davids_browser.get("/post/1"))
    for body in ("one", "two"):
        form = {"body": body, "submission": submission}
        await davids_browser.submit("/post/1", form, page="/post/1")
    assert await number_of_comments(db) == 2


async def test_nothing_active_comes_through(
    davids_browser: Browser, browser: Browser, post: Post
) -> None:
    body = "<script>alert(1)</script> <img src=x onerror=alert(1)> [x](javascript:alert(1))"
    await davids_browser.submit("/post/1", {"body": body})
    page = (await browser.get("/post/1")).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="javascript' not in page


async def test_the_count_follows_what_is_written_and_deleted(
    davids_browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    for body in ("one", "two"):
        await davids_browser.submit("/post/1", {"body": body})
    assert await comment_count(db, post) == 2
    await davids_browser.submit("/comment/1/delete")
    assert await comment_count(db, post) == 1
    await db.execute(delete(User).where(User.id == david.id))
    assert await comment_count(db, post) == 0
