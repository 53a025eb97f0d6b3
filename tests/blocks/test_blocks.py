"""Muting and blocking, by pages and the API."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.blocks import service
from blog.core.web.app import Broadside
from blog.models import Block, Comment, Follow, LoggedEvent, Mute, PostLike, User
from blog.posts.counts import wrong_counts
from tests.api.support import Client, add_token
from tests.comments.support import add_comments, add_post
from tests.support import Browser, NewUser, add_users

POST = "/post/1"


@pytest.fixture
async def nina(app: Broadside) -> User:
    """Somebody else."""
    return (await add_users(app, NewUser("nina")))["nina"]


async def act(browser: Browser, what: str, name: str = "nina") -> str:
    """Press a button of the page for that, and read the page that it leads to."""
    page = f"/user/{name}/block" if name == "nina" else "/hidden-words"
    answer = await browser.submit(f"/user/{name}/{what}", page=page)
    assert answer.status_code == 302, answer.text
    return (await browser.get(answer.headers["location"])).text


async def test_the_buttons_say_what_they_have_done_once_and_twice(
    susans_browser: Browser, db: AsyncSession, nina: User
) -> None:
    for what, once, twice, note in (
        ("mute", "ve muted nina", "already muted nina", "You’ve muted <bdi>nina</bdi>"),
        ("block", "ve blocked nina", "already blocked nina", "You’ve blocked <bdi>nina</bdi>"),
        ("unblock", "ve unblocked nina", "t blocked nina", "You’ve muted <bdi>nina</bdi>"),
        ("unmute", "ve unmuted nina", "t muted nina", ""),
    ):
        assert once in await act(susans_browser, what)
        page = await act(susans_browser, what)
        assert twice in page
        assert note in page
    assert "You’ve" not in (await susans_browser.get("/user/nina")).text
    kinds = list(await db.scalars(select(LoggedEvent.kind).order_by(LoggedEvent.id)))
    assert kinds == ["PersonMuted", "PersonBlocked", "PersonUnblocked", "PersonUnmuted"]


async def test_what_makes_no_sense_gets_a_friendly_word(
    susans_browser: Browser, db: AsyncSession, susan: User, nina: User
) -> None:
    for what in ("mute", "block"):
        assert "mute or block yourself" in await act(susans_browser, what, "susan")
    answer = await susans_browser.submit("/user/nobody/mute", page="/hidden-words")
    assert answer.status_code == 404
    for table in (Mute, Block):
        assert await db.scalar(select(func.count()).select_from(table)) == 0


async def test_the_number_of_muted_and_blocked_people_is_limited(
    app: Broadside, susans_browser: Browser, nina: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_users(app, NewUser("david"))
    monkeypatch.setattr(service, "MOST", 1)
    await act(susans_browser, "mute")
    answer = await susans_browser.submit("/user/david/mute", page="/hidden-words")
    assert "Unmute someone first" in (await susans_browser.get(answer.headers["location"])).text
    assert "already muted nina" in await act(susans_browser, "mute")


async def test_a_block_ends_follows_and_keeps_both_apart(
    app: Broadside, susans_browser: Browser, db: AsyncSession, susan: User, nina: User
) -> None:
    for author in (susan, nina):
        await add_post(db, author)
    (comment,) = await add_comments(db, (await add_post(db, susan)), nina.id, 1)
    db.add(Follow(follower_id=susan.id, followed_id=nina.id))
    db.add(Follow(follower_id=nina.id, followed_id=susan.id))
    await db.commit()
    await act(susans_browser, "block")
    assert await db.scalar(select(func.count()).select_from(Follow)) == 0
    assert not any((await wrong_counts(db)).values())

    susans, ninas = await add_token(app, susan), await add_token(app, nina)
    refusals = {}
    for token, other, post in ((susans, "nina", 2), (ninas, "susan", 1)):
        async with Client(app, token=token) as client:
            answers = (
                await client.put(f"/users/{other}/follow"),
                await client.put(f"/posts/{post}/like"),
                await client.post(f"/posts/{post}/comments/", json={"body": "Still here"}),
            )
            assert [answer.status_code for answer in answers] == [403, 403, 403]
            refusals[other] = [answer.json()["detail"] for answer in answers]
    assert refusals["nina"] == ["You've blocked this person. Unblock them first."] * 3
    assert refusals["susan"] == [
        "You can't follow susan.", "You can't like this post.", "You can't comment on this post.",
    ]  # fmt: skip
    async with Client(app, token=ninas) as client:
        edited = await client.patch(f"/comments/{comment.id}", json={"body": "Worse words"})
    assert edited.status_code == 403
    for table in (Follow, PostLike):
        assert await db.scalar(select(func.count()).select_from(table)) == 0
    assert await db.scalar(select(func.count()).select_from(Comment)) == 1

    await act(susans_browser, "unblock")
    async with Client(app, token=ninas) as client:
        assert (await client.put("/users/susan/follow")).status_code == 204
        assert (await client.put("/posts/1/like")).status_code == 204


async def test_a_blocked_person_can_still_read_and_is_told_nothing(
    app: Broadside, db: AsyncSession, susan: User, nina: User
) -> None:
    await add_post(db, susan)
    async with Browser(app) as browser:
        await browser.open_session("nina")
        before = [(await browser.get(address)).text for address in (POST, "/user/susan")]
        db.add(Block(user_id=susan.id, blocked_id=nina.id))
        db.add(Mute(user_id=susan.id, muted_id=nina.id))
        await db.commit()
        after = [(await browser.get(address)).text for address in (POST, "/user/susan")]
        follow = await browser.submit("/follow/susan", page="/user/susan")
        assert follow.status_code == 403
        assert "follow susan." in follow.text
    assert "You’ve" not in "".join(after)
    assert "blocked" not in "".join(after)
    assert [len(page) for page in before] == [len(page) for page in after]


async def test_moderators_can_be_muted_and_blocked_and_still_moderate(
    app: Broadside, susans_browser: Browser, db: AsyncSession, susan: User
) -> None:
    moderator = (await add_users(app, NewUser("mod", "Moderator")))["mod"]
    post = await add_post(db, susan)
    (comment,) = await add_comments(db, post, susan.id, 1)
    for what in ("mute", "block"):
        await susans_browser.submit(f"/user/mod/{what}", page="/user/mod/block")
    async with Client(app, token=await add_token(app, moderator)) as client:
        answer = await client.post(f"/comments/{comment.id}/disable", json={"reason": "Rude"})
    assert answer.status_code == 200


async def test_the_api_mutes_and_blocks_and_lists_whom(
    app: Broadside, db: AsyncSession, susan: User, nina: User
) -> None:
    await add_users(app, NewUser("david"))
    async with Client(app, token=await add_token(app, susan)) as client:
        for _ in range(2):
            assert (await client.put("/users/nina/mute")).status_code == 204
            assert (await client.put("/users/david/block")).status_code == 204
        for name, username in (("muted", "nina"), ("blocked", "david")):
            found = (await client.get(f"/me/{name}/")).json()
            assert [user["username"] for user in found["users"]] == [username]
            assert found["count"] == 1
        assert (await client.put("/users/susan/mute")).status_code == 422
        for _ in range(2):
            assert (await client.delete("/users/nina/mute")).status_code == 204
            assert (await client.delete("/users/david/block")).status_code == 204
        assert (await client.get("/me/muted/")).json()["users"] == []
        assert (await client.get("/me/blocked/")).json()["users"] == []


async def test_the_settings_list_whom_one_has_muted_and_blocked(
    susans_browser: Browser, nina: User
) -> None:
    for what, address in (("mute", "/muted"), ("block", "/blocked")):
        assert 'href="/user/nina"' not in (await susans_browser.get(address)).text
        await act(susans_browser, what)
        assert 'href="/user/nina"' in (await susans_browser.get(address)).text
        answer = await susans_browser.submit(
            f"/user/nina/un{what}", {"next": address}, page=address
        )
        assert answer.headers["location"] == address
        assert 'href="/user/nina"' not in (await susans_browser.get(address)).text
