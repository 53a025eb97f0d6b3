"""Concurrent clients share reads, and never get stale data."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import ApiToken, Post, User
from tests.api.support import Client, add_token
from tests.comments.support import add_post
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]

CROWD = 20


@asynccontextmanager
async def crowd(app: Broadside, address: str, token: str | None = None) -> AsyncIterator[None]:
    """Clients that ask for an address over and over, whatever the answer is."""

    async def ask() -> None:
        async with Client(app, token=token) as client:
            while True:
                assert (await client.get(address)).status_code < 500

    tasks = [asyncio.create_task(ask()) for _ in range(CROWD)]
    await asyncio.sleep(0.1)
    try:
        yield
        assert not any(task.done() for task in tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_an_author_finds_their_new_post_in_shared_lists(
    app: Broadside, bearer: Client
) -> None:
    async with crowd(app, "/posts/"):
        for number in range(20):
            made = (await bearer.post("/posts/", json={"body": f"post {number}"})).json()
            listed = (await bearer.get("/posts/")).json()
            assert (listed["posts"][0]["id"], listed["count"]) == (made["id"], number + 1)


async def test_an_editor_reads_their_new_text_from_shared_reads(
    app: Broadside, bearer: Client, db: AsyncSession, susan: User
) -> None:
    address = f"/posts/{(await add_post(db, susan)).id}"
    async with crowd(app, address):
        for number in range(20):
            await bearer.put(address, json={"body": f"edition {number}"})
            assert (await bearer.get(address)).json()["body"] == f"edition {number}"


@pytest.mark.parametrize("how", ["revoked", "expired", "disabled"])
async def test_a_token_that_many_use_is_refused_from_the_moment_that_it_ends(
    app: Broadside, susan: User, db: AsyncSession, how: str
) -> None:
    token = await add_token(app, susan)
    async with crowd(app, "/posts/", token), Client(app, token=token) as client:
        assert (await client.get("/posts/")).status_code == 200
        if how == "revoked":
            await db.execute(delete(ApiToken))
        elif how == "expired":
            await db.execute(update(ApiToken).values(expires_at=now()))
        else:
            await db.execute(update(User).values(disabled_at=now()))
        await db.commit()
        for _ in range(5):
            assert (await client.get("/posts/")).status_code == 401


async def test_a_hidden_post_is_gone_at_once_from_what_everybody_reads(
    app: Broadside, anonymous: Client, db: AsyncSession, susan: User
) -> None:
    address = f"/posts/{(await add_post(db, susan)).id}"
    async with crowd(app, address):
        assert (await anonymous.get(address)).status_code == 200
        await db.execute(update(Post).values(hidden_at=now()))
        await db.commit()
        assert (await anonymous.get(address)).status_code == 410


async def test_people_who_read_the_same_page_at_the_same_moment_stay_apart(
    app: Broadside, make_user: MakeUser, susan: User
) -> None:
    david = await make_user("david")
    async with Browser(app) as susans, Browser(app) as davids, Browser(app) as strangers:
        await susans.log_in(susan.email)
        await davids.log_in(david.email)
        for _ in range(10):
            pages = await asyncio.gather(
                *(browser.get("/") for browser in (susans, davids, strangers, susans, davids))
            )
            for page, name in zip(pages, ["susan", "david", None, "susan", "david"], strict=True):
                shown = {each for each in ("susan", "david") if f"/user/{each}" in page.text}
                assert shown == ({name} if name else set())
