"""What the author of a post decides about the comments under it."""

import httpx
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import AuditEntry, Comment, Follow, LoggedEvent, Post, User
from tests.api.support import Client, add_token
from tests.comments.support import add_comments, shown_comments
from tests.support import Browser, add_user


async def let_comment(author: Browser, who: str) -> httpx.Response:
    return await author.submit("/post/1/state", {"commenters": who}, page="/post/1")


async def test_only_people_whom_the_author_follows_comment_if_they_say_so(
    app: Broadside, susans_browser: Browser, davids_browser: Browser, browser: Browser,
    db: AsyncSession, post: Post, susan: User, david: User,
) -> None:  # fmt: skip
    await add_comments(db, post, david.id, 1)
    answer = await let_comment(susans_browser, "followed")
    assert answer.headers["location"] == "/post/1#comments"
    assert '<option value="followed" selected>' in (await susans_browser.get("/post/1")).text
    page = (await davids_browser.get("/post/1")).text
    assert "Only people <bdi>susan</bdi> follows can comment" in page
    assert 'name="body"' not in page
    assert ">Reply<" not in page
    assert "Log in</a> to comment" in (await browser.get("/post/1")).text
    async with Client(app, token=await add_token(app, david)) as client:
        assert (await client.get("/posts/1")).json()["comments_limited"] is True
        for body in ({"body": "Me too"}, {"body": "Me too", "reply_to": 1}):
            problem = await client.post("/posts/1/comments/", json=body)
            assert problem.status_code == 403
            assert "Only people the author of this post follows" in problem.json()["detail"]
        # Whom they follow, not who follows them.
        db.add(Follow(follower_id=david.id, followed_id=susan.id))
        await db.commit()
        assert (await client.post("/posts/1/comments/", json={"body": "x"})).status_code == 403
        db.add(Follow(follower_id=susan.id, followed_id=david.id))
        await db.commit()
        assert (await client.post("/posts/1/comments/", json={"body": "x"})).status_code == 201
    assert (await davids_browser.submit("/post/1", {"body": "Thanks"})).status_code == 302
    assert (await susans_browser.submit("/post/1", {"body": "Mine"})).status_code == 302
    assert shown_comments(await browser.get("/post/1")) == [1, 2, 3, 4]


async def test_the_author_closes_comments_and_opens_them_again(
    susans_browser: Browser, davids_browser: Browser, db: AsyncSession, post: Post, david: User
) -> None:
    await add_comments(db, post, david.id, 1)
    token = await davids_browser.token("/post/1")
    await let_comment(susans_browser, "nobody")
    refused = await davids_browser.post("/post/1", data={"csrf_token": token, "body": "Late"})
    assert refused.status_code == 403
    assert "closed" in refused.text
    page = await davids_browser.get("/post/1")
    assert shown_comments(page) == [1]
    assert "Comments on this post are closed." in page.text
    assert 'name="commenters"' not in page.text
    await let_comment(susans_browser, "everyone")
    assert (await davids_browser.submit("/post/1", {"body": "In time"})).status_code == 302
    wrong = await let_comment(susans_browser, "friends")
    assert wrong.status_code == 422


async def test_an_author_removes_a_comment_and_a_moderator_brings_it_back(
    app: Broadside, susans_browser: Browser, davids_browser: Browser, browser: Browser,
    db: AsyncSession, post: Post, susan: User, david: User,
) -> None:  # fmt: skip
    await add_comments(db, post, david.id, 2)
    page = await susans_browser.get("/post/1")
    assert 'href="/comment/1/remove"' in page.text
    assert "/remove" not in (await davids_browser.get("/post/1")).text
    assert "Comment 1" in (await susans_browser.get("/comment/1/remove")).text
    answer = await susans_browser.submit("/comment/1/remove", {"reason": "Off topic"})
    assert answer.headers["location"] == "/comment/1"
    again = await susans_browser.submit("/comment/1/remove", page="/post/1")
    assert again.status_code == 302

    seen = (await davids_browser.get("/post/1")).text
    assert "The author of the post has removed your comment" in seen
    assert "Reason: <bdi>Off topic" in seen
    assert "Comment 1" in seen
    for visitor in (browser, susans_browser):
        text = (await visitor.get("/post/1")).text
        assert "The author of the post has removed this comment" in text
        assert "<p>Comment 1</p>" not in text
        assert "Off topic" not in text
    entries = await db.scalars(select(AuditEntry).order_by(AuditEntry.id))
    assert [(each.actor_name, each.act, each.subject_name, each.details) for each in entries] == [
        ("susan", "remove comment", "david", {"post": 1, "comment": 1, "reason": "Off topic"})
    ]
    kinds = await db.scalars(select(LoggedEvent.kind).where(LoggedEvent.kind == "CommentRemoved"))
    assert len([*kinds]) == 1

    await add_user(app, "maud", role="Moderator")
    async with Browser(app) as moderator:
        await moderator.log_in("maud")
        assert "Comment 1" in (await moderator.get("/post/1")).text
        await moderator.submit("/moderate/enable/1", {"reason": "It is on topic"})
    assert "<p>Comment 1</p>" in (await browser.get("/post/1")).text


async def test_only_the_author_of_the_post_removes_a_comment_and_not_their_own(
    app: Broadside, susans_browser: Browser, davids_browser: Browser, db: AsyncSession,
    post: Post, susan: User, david: User,
) -> None:  # fmt: skip
    await add_comments(db, post, david.id, 1)
    await add_comments(db, post, susan.id, 1)
    for visitor, number in ((davids_browser, 1), (davids_browser, 2), (susans_browser, 2)):
        assert (await visitor.get(f"/comment/{number}/remove")).status_code == 403
        refused = await visitor.submit(f"/comment/{number}/remove", page="/post/1")
        assert refused.status_code == 403
    assert (await susans_browser.submit("/comment/9/remove", page="/post/1")).status_code == 404
    for author, number, status in ((david, 1, 403), (susan, 2, 403), (susan, 9, 404)):
        async with Client(app, token=await add_token(app, author)) as client:
            answer = await client.post(f"/comments/{number}/remove", json={})
            assert answer.status_code == status
    assert not any(await db.scalars(select(Comment.disabled_at)))


async def test_an_author_removes_a_comment_by_the_api(
    app: Broadside, db: AsyncSession, post: Post, susan: User, david: User
) -> None:
    await add_comments(db, post, david.id, 1)
    async with Client(app, token=await add_token(app, susan)) as client:
        for _ in range(2):
            answer = await client.post("/comments/1/remove", json={"reason": "Off topic"})
            assert answer.status_code == 200, answer.text
            assert (answer.json()["disabled"], answer.json()["body"]) == (True, None)
        assert (await client.post("/comments/1/remove", json={"reason": 1})).status_code == 422
    entry = (await db.scalars(select(AuditEntry))).one()
    assert (entry.act, entry.details["reason"]) == ("remove comment", "Off topic")
