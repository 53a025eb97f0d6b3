"""Many people at one post at the same moment."""

import asyncio
import random
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Comment, Post, User
from tests.comments.support import add_comments, add_post, shown_comments, submission_in
from tests.databases import wait_for_a_lock
from tests.support import Browser, add_user

Crowd = Callable[[int], Awaitable[list[tuple[Browser, str]]]]


@pytest.fixture
async def make_crowd(app: Broadside, post: Post) -> AsyncIterator[Crowd]:
    """`await make_crowd(100)`: people who are logged in, each with a token for a form."""
    async with AsyncExitStack() as open_browsers:

        async def make(size: int) -> list[tuple[Browser, str]]:
            crowd = []
            for number in range(size):
                await add_user(app, f"person{number}")
                browser = await open_browsers.enter_async_context(Browser(app))
                await browser.log_in(f"person{number}")
                crowd.append((browser, await browser.token(f"/post/{post.id}")))
            return crowd

        yield make


async def counts(db: AsyncSession, post: Post) -> tuple[int, int]:
    """How many comments the post says that it has, and how many it has."""
    kept = select(Post.comment_count).where(Post.id == post.id)
    real = select(func.count()).where(Comment.post_id == post.id)
    return (await db.scalars(kept)).one(), (await db.scalars(real)).one()


async def test_a_hundred_commenters_each_land_on_their_own_comment(
    make_crowd: Crowd, browser: Browser, db: AsyncSession, post: Post
) -> None:
    crowd = await make_crowd(100)
    answers = await asyncio.gather(
        *(
            visitor.post("/post/1", data={"csrf_token": token, "body": "Me too"})
            for visitor, token in crowd
        )
    )
    assert [answer.status_code for answer in answers] == [302] * 100
    assert await counts(db, post) == (100, 100)

    pages = {n: shown_comments(await browser.get(f"/post/1?page={n}")) for n in range(1, 5)}
    assert [len(ids) for ids in pages.values()] == [30, 30, 30, 10]
    for answer in answers:
        place = re.fullmatch(r"/post/1\?page=(\d+)#comment-(\d+)", answer.headers["location"])
        assert place
        assert int(place[2]) in pages[int(place[1])]


async def test_a_form_sent_twenty_times_at_once_makes_one_comment(
    davids_browser: Browser, db: AsyncSession, post: Post
) -> None:
    form = {
        "csrf_token": await davids_browser.token("/post/1"),
        "submission": submission_in(await davids_browser.get("/post/1")),
        "body": "once",
    }
    answers = await asyncio.gather(*(davids_browser.post("/post/1", data=form) for _ in range(20)))
    assert {answer.headers["location"] for answer in answers} == {"/post/1?page=1#comment-1"}
    assert await counts(db, post) == (1, 1)


async def test_the_count_stays_right_while_people_write_edit_and_delete_at_random(
    make_crowd: Crowd, db: AsyncSession, post: Post
) -> None:
    dice = random.Random(5)
    errors: list[httpx.Response] = []

    async def scribble(visitor: Browser, token: str, actions: list[str]) -> None:
        own: list[str] = []
        for action in actions:
            form = {"csrf_token": token, "body": f"{action} {dice.random()}"}
            address = f"/comment/{own[-1]}/{action}" if own and action != "write" else "/post/1"
            answer = await visitor.post(address, data=form)
            if answer.status_code != 302:
                errors.append(answer)
            elif address == "/post/1":
                own.append(answer.headers["location"].rpartition("-")[2])
            elif action == "delete":
                own.pop()

    await asyncio.gather(
        *(
            scribble(visitor, token, dice.choices(["write", "edit", "delete"], [3, 1, 2], k=10))
            for visitor, token in await make_crowd(20)
        )
    )
    assert errors == []
    kept, real = await counts(db, post)
    assert kept == real > 0


async def test_comments_are_written_and_deleted_while_their_post_is(
    app: Broadside, davids_browser: Browser, db: AsyncSession, susan: User, david: User
) -> None:
    """Two who wait for each other would end in a 500 for one of them.

    There are so many comments that the database is at them for a while.
    """

    async def delete_post(post_id: int) -> None:
        async with app.database.session() as session:
            await session.execute(delete(Post).where(Post.id == post_id))
            await session.commit()

    for _ in range(3):
        post = await add_post(db, susan)
        comments = await add_comments(db, post, david.id, 2000)
        token = await davids_browser.token(f"/post/{post.id}")
        form = {"csrf_token": token, "body": "Wait!"}
        addresses = [f"/comment/{comment.id}/delete" for comment in comments[-20:]]
        addresses[10:10] = [f"/post/{post.id}"] * 5
        requests = [
            asyncio.create_task(davids_browser.post(address, data=form)) for address in addresses
        ]
        await asyncio.wait(requests, return_when=asyncio.FIRST_COMPLETED)
        await delete_post(post.id)
        answers = await asyncio.gather(*requests)
        assert {answer.status_code for answer in answers} <= {302, 404}
        assert await db.scalar(select(func.count()).where(Comment.post_id == post.id)) == 0


async def test_an_author_deletes_a_post_while_a_comment_on_it_is_removed_or_disabled(
    app: Broadside, susans_browser: Browser, db: AsyncSession, susan: User, david: User
) -> None:
    await add_user(app, "max", role="Moderator")
    async with Browser(app) as moderators_browser:
        await moderators_browser.open_session("max")
        for browser, address in (
            (susans_browser, "/comment/{}/remove"), (moderators_browser, "/moderate/disable/{}"),
        ):  # fmt: skip
            post = await add_post(db, susan)
            (comment,) = await add_comments(db, post, david.id, 1)
            away = {"csrf_token": await susans_browser.token(f"/delete/{post.id}")}
            act = address.format(comment.id)
            form = {"csrf_token": await browser.token(act), "reason": "Rude"}
            async with app.database.session() as elsewhere:
                # Who is notified of it.
                await elsewhere.execute(
                    select(User.id).where(User.id == david.id).with_for_update()
                )
                first = asyncio.create_task(browser.post(act, data=form))
                await wait_for_a_lock(app.database, 1)
                deletion = asyncio.create_task(susans_browser.post(f"/delete/{post.id}", data=away))
                await wait_for_a_lock(app.database, 2)
                await elsewhere.commit()
            assert [(await each).status_code for each in (first, deletion)] == [302, 302]
