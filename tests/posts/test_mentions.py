"""People who are mentioned in posts and comments: who is told, and what a link leads to."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.admin import service as admin
from blog.admin.schemas import AccountForm
from blog.core.auth.viewer import OPERATOR
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, LoggedEvent, Mention, Post, User
from blog.moderation import service as moderation
from blog.posts.mentions import MOST_NOTIFIED
from blog.posts.publication import publish_due_posts
from tests.accounts.deletions import finish_deletions, leave
from tests.api.support import Client, add_token
from tests.posts.test_old_texts import run
from tests.support import NewUser, add_users


@pytest.fixture
async def people(app: Broadside) -> dict[str, User]:
    """Nina, and others to mention."""
    return await add_users(app, NewUser("Nina"), NewUser("robin.b"), NewUser("david"))


@pytest.fixture
async def client(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """Susan's program."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def told(db: AsyncSession) -> list[dict[str, Any]]:
    """What was told since it was asked last."""
    await db.rollback()
    mentioned = LoggedEvent.kind == "PeopleMentioned"
    events = await db.scalars(select(LoggedEvent.payload).where(mentioned).order_by(LoggedEvent.id))
    found = list(events)
    await db.execute(update(LoggedEvent).where(mentioned).values(kind="told"))
    await db.commit()
    return found


async def post_with(client: Client, body: str, **fields: Any) -> int:
    """The id of a new post."""
    answer = await client.post("/posts/", json={"body": body, **fields})
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def html_of(client: Client, post_id: int) -> str:
    return str((await client.get(f"/posts/{post_id}")).json()["body_html"])


@pytest.mark.parametrize("fields", [{}, {"title": "Trams"}])
async def test_who_is_mentioned_in_a_post_is_told_once(
    client: Client, db: AsyncSession, susan: User, people: dict[str, User], fields: dict[str, str]
) -> None:
    post_id = await post_with(client, "@nina, @nobody, @susan and `@david`", **fields)
    nina, robin = people["Nina"].id, people["robin.b"].id
    event = {"author_id": susan.id, "post_id": post_id, "comment_id": None}
    assert await told(db) == [event | {"user_ids": [nina]}]
    assert '<a href="/user/Nina" class="mention"' in await html_of(client, post_id)
    for body, new in (
        ("@nina and @robin.b", [robin]), ("Nobody", []), ("@Nina @robin.b.", []),
    ):  # fmt: skip
        await client.patch(f"/posts/{post_id}", json={"body": body})
        assert await told(db) == ([event | {"user_ids": new}] if new else [])
    for status in ("draft", "published"):
        await client.patch(f"/posts/{post_id}", json={"status": status})
    assert await told(db) == []


async def test_who_is_mentioned_in_a_draft_is_told_when_it_is_published(
    client: Client, db: AsyncSession, people: dict[str, User]
) -> None:
    ids = [await post_with(client, "@david", status="draft") for _ in range(2)]
    await client.patch(f"/posts/{ids[0]}", json={"body": "@robin.b @nina"})
    assert await told(db) == []
    await client.patch(f"/posts/{ids[0]}", json={"status": "published"})
    (event,) = await told(db)
    assert (event["post_id"], event["user_ids"]) == (
        ids[0], [people["robin.b"].id, people["Nina"].id],
    )  # fmt: skip
    later = {"scheduled_for": "2199-01-01T12:00", "time_zone": "UTC"}
    answer = await client.patch(f"/posts/{ids[1]}", json=later)
    assert answer.status_code == 422  # Within ten years.
    later["scheduled_for"] = (now() + timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    answer = await client.patch(f"/posts/{ids[1]}", json=later)
    assert answer.status_code == 200, answer.text
    assert await told(db) == []
    assert await publish_due_posts(db, now() + timedelta(days=2)) == 1
    assert [event["post_id"] for event in await told(db)] == [ids[1]]


async def test_nobody_is_told_of_a_hidden_post_before_it_is_shown_again(
    client: Client, app: Broadside, db: AsyncSession, people: dict[str, User]
) -> None:
    post_id = await post_with(client, "Trams")
    answer = await client.post(f"/posts/{post_id}/comments/", json={"body": "@nina"})
    assert [event["comment_id"] for event in await told(db)] == [answer.json()["id"]]
    await db.execute(update(Post).values(hidden_at=now(), hidden_reason="Rude"))
    await db.execute(update(Comment).values(disabled_at=now(), disabled_reason="Rude"))
    await db.commit()
    await db.execute(update(Mention).values(told=None))
    db.add(Mention(post_id=post_id, user_id=people["david"].id))
    await db.commit()
    async with app.app_context(), app.database.session() as session:
        await moderation.enable_comment(session, OPERATOR, 1, "Not rude")
    assert await told(db) == []
    async with app.app_context(), app.database.session() as session:
        await moderation.show_post(session, OPERATOR, post_id, "Not rude")
    assert [event["user_ids"] for event in await told(db)] == [[people["david"].id]]


async def test_a_comment_mentions_like_a_post_and_at_most_ten(
    client: Client, app: Broadside, db: AsyncSession, people: dict[str, User]
) -> None:
    post_id = await post_with(client, "Trams")
    crowd = await add_users(app, *(NewUser(f"user{number}") for number in range(15)))
    answer = await client.post(
        f"/posts/{post_id}/comments/", json={"body": " ".join(f"@{name}" for name in crowd)}
    )
    (event,) = await told(db)
    assert event["user_ids"] == [user.id for user in crowd.values()][:MOST_NOTIFIED]
    comment = f"/comments/{answer.json()['id']}"
    await client.patch(comment, json={"body": "@nina"})
    assert await told(db) == []
    answer = await client.post(f"/posts/{post_id}/comments/", json={"body": "@nina"})
    assert [event["user_ids"] for event in await told(db)] == [[people["Nina"].id]]
    await client.patch(f"/comments/{answer.json()['id']}", json={"body": "@david @nina"})
    assert [event["user_ids"] for event in await told(db)] == [[people["david"].id]]


async def test_a_post_that_mentions_five_hundred_costs_and_tells_no_more_than_one_of_ten(
    client: Client, app: Broadside, db: AsyncSession
) -> None:
    crowd = list(await add_users(app, *(NewUser(f"user{number}") for number in range(500))))
    statements = []
    for number in (MOST_NOTIFIED, 500):
        body = " ".join(f"@{name}" for name in crowd[:number])
        answer = await client.post("/posts/", json={"body": body})
        assert answer.status_code == 201, answer.text
        found = re.search(r'db;desc="(\d+) statements"', answer.headers["server-timing"])
        assert found
        statements.append(int(found[1]))
        (event,) = await told(db)
        assert len(event["user_ids"]) == MOST_NOTIFIED
    assert statements[1] <= statements[0]


async def test_texts_of_an_older_version_are_linked_and_nobody_is_told(
    client: Client, app: Broadside, db: AsyncSession, susan: User, people: dict[str, User]
) -> None:
    old = {"body": "@nina", "body_html": "<p>@nina</p>", "renderer_version": 1}
    post = Post(author_id=susan.id, **old)
    db.add(post)
    await db.flush()
    db.add(Comment(author_id=susan.id, post_id=post.id, **old))
    await db.commit()
    await run(app)
    assert 'href="/user/Nina"' in await html_of(client, post.id)
    await client.patch(f"/posts/{post.id}", json={"body": "@nina!"})
    assert await told(db) == []
    await client.patch(f"/posts/{post.id}", json={"body": "@nina @david"})
    assert [event["user_ids"] for event in await told(db)] == [[people["david"].id]]


async def test_a_link_to_a_person_who_is_gone_or_renamed_becomes_text(
    client: Client, app: Broadside, db: AsyncSession, people: dict[str, User]
) -> None:
    post_id = await post_with(client, "@nina @david @robin.b")
    await client.patch(f"/posts/{post_id}", json={"body": "@nina @david @robin.b!"})
    await client.post(f"/posts/{post_id}/comments/", json={"body": "@nina @david"})
    await leave(app, people["Nina"])
    await finish_deletions(app)
    david = people["david"]
    form = AccountForm(
        email=david.email, username="dave", confirmed=True, role="User", reason="Asked"
    )
    async with app.app_context(), app.database.session() as session:
        await admin.edit_account(session, OPERATOR, david.id, form)
    await db.commit()
    await run(app)
    html = await html_of(client, post_id)
    assert html.startswith("<p>@nina @david <a") and html.count("<a ") == 1
    assert await db.scalar(select(Comment.body_html)) == "<p>@nina @david</p>"
    revision = await client.get(f"/posts/{post_id}/revisions/1")
    assert "/user/david" not in revision.text
    assert list(await db.scalars(select(Mention.user_id))) == [people["robin.b"].id]
