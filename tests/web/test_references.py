"""Broken foreign keys become 404, 409 or 500, depending on the key."""

import asyncio
import logging

import pytest
from quart import Quart
from sqlalchemy import text

from blog import create_app
from blog.core.web.app import Broadside, db
from blog.core.web.errors import FOREIGN_KEYS_TO_REQUESTER, FOREIGN_KEYS_TO_TARGET
from blog.models import Base
from tests.api.support import Client, add_token
from tests.databases import wait_for_a_lock
from tests.support import Browser, NewUser, add_users

INSERTS = {
    404: "INSERT INTO follows (follower_id, followed_id) VALUES ({susan}, 4711)",
    409: "INSERT INTO follows (follower_id, followed_id) VALUES (4711, {susan})",
    500: "UPDATE users SET role_id = 4711 WHERE id = {susan}",
}


def test_the_foreign_keys_that_are_told_apart_exist() -> None:
    names = {key.name for table in Base.metadata.sorted_tables
             for key in table.foreign_key_constraints}  # fmt: skip
    assert names >= FOREIGN_KEYS_TO_TARGET | FOREIGN_KEYS_TO_REQUESTER
    assert not FOREIGN_KEYS_TO_TARGET & FOREIGN_KEYS_TO_REQUESTER


@pytest.mark.parametrize("status", INSERTS)
async def test_a_broken_reference_is_answered_by_what_it_refers_to(
    app: Broadside, make_settings: object, susan: object,
    caplog: pytest.LogCaptureFixture, status: int,
) -> None:  # fmt: skip
    failing = create_app(make_settings())  # type: ignore[operator]

    @failing.get("/fail")
    async def fail() -> str:
        await db().execute(text(INSERTS[status].format(susan=susan.id)))  # type: ignore[attr-defined]
        return ""

    assert isinstance(failing, Quart)
    async with failing.test_app(), Browser(failing) as browser:
        with caplog.at_level(logging.ERROR):
            assert (await browser.get("/fail")).status_code == status
    assert ("unexpected error" in caplog.text) == (status == 500)


async def test_who_does_something_while_their_account_ends_is_told_so(app: Broadside) -> None:
    acts = {
        "likes": ("/posts/1/like", None),
        "answers": ("/comments/1/like", None),
        "bookmarks": ("/posts/1/bookmark", None),
        "sorts": ("/posts/1/bookmark", {"folder": "Recipes"}),
        "mutes": ("/users/susan/mute", None),
        "blocks": ("/users/susan/block", None),
        "follows": ("/tags/trams/follow", None),
    }
    users = await add_users(app, NewUser("susan"), *map(NewUser, acts))
    async with Client(app, token=await add_token(app, users.pop("susan"))) as client:
        await client.post("/posts/", json={"body": "So", "tags": ["trams"]})
        await client.post("/posts/1/comments/", json={"body": "Am I"})
    for name, (address, body) in acts.items():
        async with Client(app, token=await add_token(app, users[name])) as client:
            async with app.database.session() as elsewhere:
                await elsewhere.execute(
                    text("DELETE FROM users WHERE username = :name"), {"name": name}
                )
                sent = client.put(address, json=body) if body else client.put(address)
                answer = asyncio.create_task(sent)
                await wait_for_a_lock(app.database, 1)
                await elsewhere.commit()
            assert (await answer).status_code == 409, name
