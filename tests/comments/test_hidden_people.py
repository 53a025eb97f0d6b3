"""Threads for those who have muted or blocked somebody who takes part in them."""

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Block, Comment, Mute, Post, User
from tests.api.support import Client, add_token
from tests.comments.support import shown_comments
from tests.comments.test_replies import add_replies, outline, reply
from tests.support import Browser, add_user


@pytest.mark.parametrize("shut_out", ["muted", "blocked", "blocked by"])
async def test_what_hidden_people_write_is_left_out_of_threads(
    app: Broadside, davids_browser: Browser, browser: Browser, db: AsyncSession, post: Post,
    susan: User, david: User, shut_out: str,
) -> None:  # fmt: skip
    eve = await add_user(app, "eve")
    await add_replies(db, susan, None, 1, None, 1, 2)
    for number in (2, 3):
        comment = await db.get_one(Comment, number)
        comment.author_id = eve.id
    if shut_out == "muted":
        db.add(Mute(user_id=david.id, muted_id=eve.id))
    elif shut_out == "blocked":
        db.add(Block(user_id=david.id, blocked_id=eve.id))
    else:
        db.add(Block(user_id=eve.id, blocked_id=david.id))
    await db.commit()
    page = await davids_browser.get("/post/1")
    assert shown_comments(page) == [1, 5, 4]
    assert page.text.count("Hidden comment") == 1
    assert outline(await browser.get("/post/1")) == "(1(2(5)4)3)"
    async with Client(app, token=await add_token(app, david)) as client:
        for address in ("/posts/1/comments/", "/comments/"):
            found = (await client.get(address)).json()["comments"]
            assert {each["id"] for each in found} == {1, 4, 5}
    answer = await reply(davids_browser, 2)
    assert answer.status_code == (302 if shut_out == "muted" else 422)
