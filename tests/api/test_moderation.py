"""Moderation through the API."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import AuditEntry, Post, Scope, User
from tests.api.support import Client, add_token, assert_problem
from tests.comments.support import add_comments, add_post

MakeUser = Callable[..., Awaitable[User]]
REASON = {"reason": "It breaks the rules."}


@pytest.fixture
async def moderator(
    app: Broadside, make_user: Callable[..., Awaitable[User]]
) -> AsyncIterator[Client]:
    """The client of a moderator, with a token for everything."""
    maud = await make_user("maud", role="Moderator")
    async with Client(app, token=await add_token(app, maud)) as client:
        yield client


@pytest.fixture
async def readers(app: Broadside, moderator: Client, anonymous: Client,
                  db: AsyncSession) -> AsyncIterator[list[Client]]:  # fmt: skip
    """Clients that do not moderate, one of the moderator's among them."""
    maud = (await db.scalars(select(User).where(User.username == "maud"))).one()
    token = await add_token(app, maud, Scope.READ | Scope.WRITE)
    async with Client(app, token=token) as without_scope:
        yield [anonymous, without_scope]


@pytest.fixture
async def post(db: AsyncSession, susan: User) -> Post:
    """Susan's post, with a comment of hers."""
    post = await add_post(db, susan)
    await add_comments(db, post, susan.id, 1)
    return post


async def texts(client: Client) -> list[str | None]:
    """The text of the comment, wherever it is shown."""
    shown = [(await client.get("/comments/1")).json()]
    for address in ("/comments/", "/comments/?cursor="):
        shown += (await client.get(address)).json()["comments"]
    return [comment[part] for comment in shown for part in ("body", "body_html")]


async def test_the_text_of_a_disabled_comment_is_for_its_author_and_moderators_with_the_scope(
    moderator: Client, bearer: Client, readers: list[Client], post: Post, db: AsyncSession
) -> None:
    for _ in range(2):  # Twice does no harm.
        disabled = await moderator.post("/comments/1/disable", json=REASON)
        assert disabled.status_code == 200
        assert disabled.json()["disabled"] is True
    listed = "/posts/1/comments/"
    for reader in readers:
        assert await texts(reader) == [None] * 6
        (comment,) = (await reader.get(listed)).json()["comments"]
        assert (comment["disabled"], comment["body"]) == (True, None)
    for client in (moderator, bearer):
        assert set(await texts(client)) == {"Comment 1", "<p>Comment 1</p>"}
    enabled = await moderator.post("/comments/1/enable", json=REASON)
    assert enabled.json()["disabled"] is False
    for reader in readers:
        assert None not in await texts(reader)
    acts = (await db.scalars(select(AuditEntry).order_by(AuditEntry.id))).all()
    assert len(acts) == 2


async def test_the_author_changes_a_disabled_comment_which_stays_disabled(
    moderator: Client, bearer: Client, anonymous: Client, post: Post
) -> None:
    await moderator.post("/comments/1/disable", json=REASON)
    changed = await bearer.patch("/comments/1", json={"body": "again"})
    assert (changed.json()["body"], changed.json()["disabled"]) == ("again", True)
    assert (await anonymous.get("/comments/1")).json()["body"] is None


async def test_a_hidden_post_is_there_for_its_author_and_moderators_with_the_scope(
    moderator: Client, bearer: Client, readers: list[Client], post: Post, db: AsyncSession
) -> None:
    post.hidden_at = now()
    await db.commit()
    for reader in readers:
        for address in ("/posts/1", "/posts/1/comments/", "/comments/1"):
            problem = assert_problem(await reader.get(address), 410)
            assert "A moderator has hidden this post." in problem["detail"]
        for address in ("/comments/", "/comments/?cursor="):
            assert (await reader.get(address)).json()["comments"] == []
    for client in (moderator, bearer, *readers):
        for address in ("/posts/", "/posts/?cursor=", "/users/susan/posts/"):
            part = (await client.get(address)).json()
            assert (part["count"], part["posts"]) == (0, [])
    for client in (moderator, bearer):
        assert (await client.get("/posts/1")).json()["body"] == "Post"
        assert set(await texts(client)) == {"Comment 1", "<p>Comment 1</p>"}


async def test_nobody_writes_under_a_hidden_post_and_only_its_author_into_it(
    app: Broadside, bearer: Client, post: Post, db: AsyncSession, make_user: MakeUser
) -> None:
    post.hidden_at = now()
    await db.commit()
    other = await add_token(app, await make_user("other"))
    async with Client(app, token=other) as stranger:
        for method, address in [("PUT", "/posts/1"), ("DELETE", "/posts/1"),
                                ("POST", "/posts/1/comments/")]:  # fmt: skip
            answer = await stranger.request(method, address, json={"body": "x"})
            assert_problem(answer, 410)
    assert_problem(await bearer.post("/posts/1/comments/", json={"body": "x"}), 410)
    assert (await bearer.put("/posts/1", json={"body": "x"})).status_code == 200
