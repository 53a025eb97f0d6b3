"""Concurrent writes: each client gets its own response, and all counts are right."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.comments import queries as comment_queries
from blog.comments import service as comment_service
from blog.core.web.app import Broadside
from blog.models import Comment, Follow, IdempotentAnswer, Post, User
from blog.posts import writes as post_writes
from blog.posts.counts import KEPT_COUNTS, wrong_counts
from tests.api.support import Client, add_token, statements_of
from tests.comments.support import add_post
from tests.databases import wait_for_a_lock

MakeUser = Callable[..., Awaitable[User]]
WRITERS = 64
AUTHORS = 8
NOTHING = {kept.name: 0 for kept in KEPT_COUNTS}


@pytest.fixture
async def authors(app: Broadside, make_user: MakeUser) -> Sequence[tuple[User, Client]]:
    """Some people with a client each."""
    people = [await make_user(f"person{number}") for number in range(AUTHORS)]
    return [(person, Client(app, token=await add_token(app, person))) for person in people]


async def all_write(
    authors: Sequence[tuple[User, Client]], address: str
) -> list[tuple[str, str, httpx.Response]]:
    """Texts that are sent at once, each with who sent it, and the answer."""

    async def write(number: int) -> tuple[str, str, httpx.Response]:
        author, client = authors[number % len(authors)]
        body = f"text {number} of {author.username}"
        return body, author.username, await client.post(address, json={"body": body})

    return await asyncio.gather(*(write(number) for number in range(WRITERS)))


@pytest.mark.parametrize("number", [1, AUTHORS], ids=["one author", "many authors"])
@pytest.mark.parametrize("what", ["posts", "comments"])
async def test_sixty_four_texts_at_once_are_each_their_authors(
    authors: Sequence[tuple[User, Client]], db: AsyncSession, susan: User, number: int, what: str
) -> None:
    post = await add_post(db, susan)
    address = "/posts/" if what == "posts" else f"/posts/{post.id}/comments/"
    written = await all_write(authors[:number], address)
    reader = authors[0][1]
    for body, author, answer in written:
        assert answer.status_code == 201, answer.text
        for shown in (answer.json(), (await reader.get(answer.headers["location"])).json()):
            assert (shown["body"], shown["author"]) == (body, author)
            assert re.sub("<.*?>", "", shown["body_html"]).strip() == body
        read_again = await reader.get(answer.headers["location"])
        assert read_again.json() == answer.json()
        assert read_again.headers["etag"] == answer.headers["etag"]
    assert await wrong_counts(db) == NOTHING


async def test_writing_takes_few_statements_and_few_transactions(
    authors: Sequence[tuple[User, Client]], db: AsyncSession, susan: User
) -> None:
    post = await add_post(db, susan)
    for _, client in authors:
        await client.get("/")
    # Whose token it is, and the writing. Then who asked for mails and for alerts of posts by these
    # authors, or the notifications of the comments.
    for address, usual in (("/posts/", 4), (f"/posts/{post.id}/comments/", 3)):
        written = await all_write(authors, address)
        # A few take some requests at once out of a quota, which is one statement more.
        taken = sorted(statements_of(answer) for _, _, answer in written)
        assert taken[-1] <= usual + 1
        assert taken[len(taken) // 2] <= usual
        table = Post if address == "/posts/" else Comment
        made_by = select(func.count(func.distinct(table.created_at)))
        # A transaction has one `now()`.
        assert (await db.scalar(made_by) or 0) < WRITERS / 2


async def test_many_follow_and_unfollow_one_person_at_once(
    authors: Sequence[tuple[User, Client]], db: AsyncSession, susan: User
) -> None:
    for act in ("PUT", "PUT", "DELETE", "PUT"):
        requests = [client.request(act, "/users/susan/follow") for _, client in authors * 3]
        answers = await asyncio.gather(*requests)
        assert {answer.status_code for answer in answers} == {204}
        expected = len(authors) if act == "PUT" else 0
        assert await db.scalar(select(func.count()).select_from(Follow)) == expected
        assert await wrong_counts(db) == NOTHING


async def test_following_an_account_that_is_just_being_deleted_fails_for_nobody_else(
    app: Broadside, authors: Sequence[tuple[User, Client]], db: AsyncSession, susan: User,
    make_user: MakeUser,
) -> None:  # fmt: skip
    leaving = await make_user("leaving")
    # Its row is locked, as by a deletion: the group that refers to it waits for the end of that.
    await db.execute(delete(User).where(User.id == leaving.id))
    requests = [
        asyncio.create_task(client.put(f"/users/{name}/follow"))
        for name, (_, client) in zip(["leaving", *["susan"] * (AUTHORS - 1)], authors, strict=True)
    ]
    await asyncio.wait(requests, timeout=0.3)
    await db.commit()
    statuses = [answer.status_code for answer in await asyncio.gather(*requests)]
    assert statuses == [404, *[204] * (AUTHORS - 1)]
    assert await wrong_counts(db) == NOTHING


async def test_a_form_whose_first_copy_is_deleted_at_this_moment_is_published_again(
    bearer: Client, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the try to write it and the look at what was written before."""
    find, key = post_writes.listed_by_submission, {"Idempotency-Key": "once"}
    first = await bearer.post("/posts/", json={"body": "once"}, headers=key)
    await db.execute(delete(IdempotentAnswer))
    await db.commit()

    async def delete_and_find(*arguments: Any) -> Any:
        await db.execute(delete(Post).where(Post.submission.is_not(None)))
        await db.commit()
        return await find(*arguments)

    monkeypatch.setattr(post_writes, "listed_by_submission", delete_and_find)
    again = await bearer.post("/posts/", json={"body": "once"}, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["id"] != again.json()["id"]
    assert await db.scalar(select(func.count()).where(Post.submission.is_not(None))) == 1


async def test_a_comment_is_deleted_after_the_form_that_is_sent_again_at_this_moment(
    app: Broadside, bearer: Client, db: AsyncSession, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both lock the post first. So a form that is sent again after that makes a new comment."""
    address = f"/posts/{(await add_post(db, susan)).id}/comments/"
    find, remove, is_answered = (
        comment_queries.find_submitted,
        comment_service._remove,
        asyncio.Event(),
    )
    deletions: list[asyncio.Task[httpx.Response]] = []

    async def send() -> httpx.Response:
        await db.execute(delete(IdempotentAnswer))
        await db.commit()
        key = {"Idempotency-Key": "once"}
        return await bearer.post(address, json={"body": "once"}, headers=key)

    async def find_while_it_is_deleted(*arguments: Any) -> Any:
        deletions.append(asyncio.create_task(bearer.delete(f"/comments/{first.json()['id']}")))
        await wait_for_a_lock(app.database, 1)
        return await find(*arguments)

    async def remove_once_answered(*arguments: Any) -> bool:
        await is_answered.wait()
        return await remove(*arguments)

    monkeypatch.setattr(comment_queries, "find_submitted", find_while_it_is_deleted)
    monkeypatch.setattr(comment_service, "_remove", remove_once_answered)
    first = await send()
    again = await send()
    is_answered.set()
    [deletion] = deletions
    assert (await deletion).status_code == 204
    last = await send()
    assert [each.status_code for each in (first, again, last)] == [201] * 3
    assert first.json()["id"] == again.json()["id"] != last.json()["id"]
    assert await db.scalar(select(func.count()).where(Comment.submission.is_not(None))) == 1
