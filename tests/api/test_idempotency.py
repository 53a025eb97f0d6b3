"""A request that is sent again with its `Idempotency-Key` does its work once."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import ForbiddenError
from blog.core.web.app import Broadside
from blog.models import Comment, Email, IdempotentAnswer, Post, User
from blog.posts import service
from tests.api.support import Client, add_token, assert_problem
from tests.comments.support import add_post
from tests.jobs import do_job

MakeUser = Callable[..., Awaitable[User]]

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
TEXT = {"body": "only once"}
ACCOUNT = {"email": "anna@example.com", "username": "anna", "password": "long enough words"}


async def number_of(db: AsyncSession, table: type[Post] | type[Comment] | type[User]) -> int:
    """How many rows a table has."""
    return (await db.scalars(select(func.count()).select_from(table))).one()


def same_answer(answers: list[httpx.Response]) -> Any:
    """What all of them answer, each with 201 and where to find it."""
    assert {answer.status_code for answer in answers} == {201}
    contents = {(answer.text, answer.headers["location"]) for answer in answers}
    assert len(contents) == 1
    assert len({answer.headers["etag"] for answer in answers}) == 1
    return answers[0].json()


async def all_at_once(
    client: Client, address: str, body: object, times: int
) -> list[httpx.Response]:
    """Send the same with the key, so many times at the same moment."""
    return await asyncio.gather(
        *(client.post(address, json=body, headers=KEY) for _ in range(times))
    )


async def test_two_hundred_posts_at_once_are_one(bearer: Client, db: AsyncSession) -> None:
    answers = await asyncio.gather(
        *(bearer.post("/posts/", json=TEXT, headers=KEY) for _ in range(200))
    )
    assert same_answer(answers)["body"] == TEXT["body"]
    assert await number_of(db, Post) == 1


async def test_many_comments_at_once_are_one(bearer: Client, db: AsyncSession, susan: User) -> None:
    post = await add_post(db, susan)
    address = f"/posts/{post.id}/comments/"
    answers = await asyncio.gather(
        *(bearer.post(address, json=TEXT, headers=KEY) for _ in range(50))
    )
    same_answer(answers)
    assert await number_of(db, Comment) == 1


async def test_many_registrations_at_once_are_one_with_one_mail(
    anonymous: Client, db: AsyncSession
) -> None:
    # An address may make twenty accounts an hour; none of these requests knows of the others.
    answers = await asyncio.gather(
        *(anonymous.post("/users/", json=ACCOUNT, headers=KEY) for _ in range(20))
    )
    same_answer(answers)
    assert await number_of(db, User) == 1
    assert len(list(await db.scalars(select(Email)))) == 1


async def test_without_a_key_the_same_request_twice_is_two(
    bearer: Client, db: AsyncSession
) -> None:
    for _ in range(2):
        await bearer.post("/posts/", json=TEXT)
    assert await number_of(db, Post) == 2


async def test_the_first_answer_comes_again_although_it_was_changed_since(
    bearer: Client, db: AsyncSession
) -> None:
    first = await bearer.post("/posts/", json=TEXT, headers=KEY)
    assert "idempotency-replayed" not in first.headers
    await bearer.put(first.json()["url"], json={"body": "changed"})
    again = await bearer.post("/posts/", json=TEXT, headers=KEY)
    assert again.headers["idempotency-replayed"] == "true"
    same_answer([first, again])
    await bearer.delete(first.json()["url"])
    same_answer([first, await bearer.post("/posts/", json=TEXT, headers=KEY)])
    assert await number_of(db, Post) == 0


async def test_a_key_with_another_body_is_422(bearer: Client, db: AsyncSession) -> None:
    await bearer.post("/posts/", json=TEXT, headers=KEY)
    answer = await bearer.post("/posts/", json={"body": "another"}, headers=KEY)
    assert "Idempotency-Key" in assert_problem(answer, 422)["message"]
    assert await number_of(db, Post) == 1


@pytest.mark.parametrize("key", ["", "a b", "é", "x" * 256])
async def test_a_key_that_is_no_word_is_400(bearer: Client, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}
    assert_problem(await bearer.post("/posts/", json=TEXT, headers=headers), 400)


async def test_a_key_is_one_of_a_person_and_of_an_address(
    app: Broadside, bearer: Client, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    made = [await bearer.post("/posts/", json=TEXT, headers=KEY)]
    async with Client(app, token=await add_token(app, await make_user("david"))) as davids:
        made.append(await davids.post("/posts/", json=TEXT, headers=KEY))
    for post in (1, 2):
        made.append(await bearer.post(f"/posts/{post}/comments/", json=TEXT, headers=KEY))
    assert [answer.status_code for answer in made] == [201] * 4
    assert len({answer.json()["url"] for answer in made}) == 4
    assert all("idempotency-replayed" not in answer.headers for answer in made)


async def test_strangers_at_different_places_do_not_get_each_others_answers(
    app: Broadside, anonymous: Client
) -> None:
    await anonymous.post("/users/", json=ACCOUNT, headers=KEY)
    async with Client(app, address="198.51.100.7") as elsewhere:
        other = ACCOUNT | {"password": "some other words"}
        answer = await elsewhere.post("/users/", json=other, headers=KEY)
        assert_problem(answer, 422)
        assert "Idempotency-Key" not in answer.text


async def test_a_first_try_that_was_refused_can_be_corrected(
    bearer: Client, anonymous: Client, db: AsyncSession
) -> None:
    too_long = {"body": "x" * 70_000}
    assert_problem(await bearer.post("/posts/", json=too_long, headers=KEY), 422)
    too_intricate = {"body": "[" * 60_000}
    assert_problem(await bearer.post("/posts/", json=too_intricate, headers=KEY), 422)
    assert (await bearer.post("/posts/", json=TEXT, headers=KEY)).status_code == 201
    taken = ACCOUNT | {"username": "Susan"}
    assert_problem(await anonymous.post("/users/", json=taken, headers=KEY), 422)
    assert (await anonymous.post("/users/", json=ACCOUNT, headers=KEY)).status_code == 201


async def test_a_copy_that_fails_leaves_the_key_to_the_first_request_which_is_under_way(
    bearer: Client, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_post, begun, may_go_on = service.write_post, asyncio.Event(), asyncio.Event()

    async def write_slowly(*arguments: Any) -> Any:
        if begun.is_set():
            raise ForbiddenError
        begun.set()
        await may_go_on.wait()
        return await write_post(*arguments)

    monkeypatch.setattr(service, "write_post", write_slowly)
    first = asyncio.create_task(bearer.post("/posts/", json=TEXT, headers=KEY))
    await begun.wait()
    assert_problem(await bearer.post("/posts/", json=TEXT, headers=KEY), 403)
    # The key is still taken, and still for this body.
    assert await db.scalar(select(func.count()).select_from(IdempotentAnswer)) == 1
    assert_problem(await bearer.post("/posts/", json={"body": "another"}, headers=KEY), 422)
    may_go_on.set()
    replayed = await first, await bearer.post("/posts/", json=TEXT, headers=KEY)
    same_answer(list(replayed))
    assert replayed[1].headers["idempotency-replayed"] == "true"


async def test_the_result_of_a_repeated_request_is_kept_if_the_first_one_fails(
    bearer: Client, db: AsyncSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_post, begun, may_go_on = service.write_post, asyncio.Event(), asyncio.Event()

    async def fail_slowly(*arguments: Any) -> Any:
        if begun.is_set():
            return await write_post(*arguments)
        begun.set()
        await may_go_on.wait()
        raise ForbiddenError

    monkeypatch.setattr(service, "write_post", fail_slowly)
    first = asyncio.create_task(bearer.post("/posts/", json=TEXT, headers=KEY))
    await begun.wait()
    made = await bearer.post("/posts/", json=TEXT, headers=KEY)
    may_go_on.set()
    assert_problem(await first, 403)
    again = await bearer.post("/posts/", json=TEXT, headers=KEY)
    same_answer([made, again])
    assert again.headers["idempotency-replayed"] == "true"


@pytest.mark.parametrize("kind", ["post", "comment", "registration"])
async def test_a_process_that_died_before_it_could_store_its_answer_has_done_the_work_once(
    bearer: Client, anonymous: Client, db: AsyncSession, susan: User, kind: str
) -> None:
    post = await add_post(db, susan)
    client, address, body = {
        "post": (bearer, "/posts/", TEXT),
        "comment": (bearer, f"/posts/{post.id}/comments/", TEXT),
        "registration": (anonymous, "/users/", ACCOUNT),
    }[kind]
    first = await client.post(address, json=body, headers=KEY)
    for lost in (
        update(IdempotentAnswer).values(status=None, body="", headers={}),
        delete(IdempotentAnswer),
    ):
        await db.execute(lost)
        await db.commit()
        again = await client.post(address, json=body, headers=KEY)
        assert "idempotency-replayed" not in again.headers
        same_answer([first, again, await client.post(address, json=body, headers=KEY)])
    rows = [await number_of(db, table) for table in (Post, Comment, User)]
    assert rows == {"post": [2, 0, 1], "comment": [1, 1, 1], "registration": [1, 0, 2]}[kind]


async def test_a_repeated_registration_needs_the_same_password(
    anonymous: Client, db: AsyncSession
) -> None:
    await anonymous.post("/users/", json=ACCOUNT, headers=KEY)
    await db.execute(delete(IdempotentAnswer))
    await db.commit()
    other = ACCOUNT | {"password": "some other words"}
    assert_problem(await anonymous.post("/users/", json=other, headers=KEY), 422)


async def test_a_token_is_shown_once(client: Client) -> None:
    made = await client.post("/tokens/", json={"name": "x"}, headers=KEY)
    assert made.status_code == 201
    assert_problem(await client.post("/tokens/", json={"name": "x"}, headers=KEY), 409)
    assert len((await client.get("/tokens/")).json()["tokens"]) == 1


async def test_answers_are_kept_for_a_day(app: Broadside, bearer: Client, db: AsyncSession) -> None:
    await bearer.post("/posts/", json=TEXT, headers=KEY)
    older = IdempotentAnswer.created_at - func.make_interval(0, 0, 0, 1)
    await db.execute(update(IdempotentAnswer).values(created_at=older))
    await db.commit()
    await bearer.post("/posts/", json=TEXT, headers={"Idempotency-Key": "another"})
    await do_job(app, "delete_old_answers")
    rows = select(func.count()).select_from(IdempotentAnswer)
    assert await db.scalar(rows) == 1


async def test_nothing_that_was_sent_can_be_guessed_from_what_is_kept(
    anonymous: Client, db: AsyncSession
) -> None:
    """A plain digest of a body with a password would be tried out by the billion a second."""
    answer = await anonymous.post("/users/", json=ACCOUNT, headers=KEY)
    kept = (await db.scalars(select(IdempotentAnswer.request_digest))).one()
    assert kept != hashlib.sha256(answer.request.content).digest()
