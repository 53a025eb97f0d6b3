"""Likes of posts, on pages and in the API."""

import asyncio

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import LoggedEvent, Post, PostLike, PostStatus, User
from blog.posts.counts import wrong_counts
from tests.api.support import Client, add_token
from tests.posts.test_posts import add_posts
from tests.support import Browser, NewUser, add_users

MANY = 100


@pytest.fixture
async def post(db: AsyncSession, susan: User) -> Post:
    """A post of Susan's."""
    return (await add_posts(db, susan, 1))[0]


async def likes_of(db: AsyncSession, post: Post) -> int:
    """The kept number of likes."""
    fresh = await db.get_one(Post, post.id, populate_existing=True)
    return fresh.like_count


async def test_a_like_is_counted_once_and_taken_back_once(
    susans_browser: Browser, db: AsyncSession, post: Post
) -> None:
    address = f"/post/{post.id}"
    for _ in range(2):
        answer = await susans_browser.submit(f"{address}/like", page=address)
        assert answer.headers["location"] == f"{address}#reactions"
        assert await likes_of(db, post) == 1
    page = await susans_browser.get(address)
    assert f'action="{address}/unlike"' in page.text
    assert "1 like</a>" in page.text
    for _ in range(2):
        assert (await susans_browser.submit(f"{address}/unlike", page=address)).status_code == 302
        assert await likes_of(db, post) == 0
    assert f'action="{address}/like"' in (await susans_browser.get(address)).text
    kinds = await db.scalars(select(LoggedEvent.kind).order_by(LoggedEvent.id))
    assert list(kinds) == ["PostLiked", "PostUnliked"]


async def test_a_stranger_is_led_to_the_login_page_and_back(browser: Browser, post: Post) -> None:
    page = await browser.get(f"/post/{post.id}")
    assert f'href="/auth/login?next=/post/{post.id}%23reactions"' in page.text


async def test_those_who_like_a_post_are_listed_the_newest_first(
    app: Broadside, browser: Browser, db: AsyncSession, post: Post
) -> None:
    people = await add_users(app, NewUser("david"), NewUser("mary"))
    for name in ("david", "mary"):
        db.add(PostLike(user_id=people[name].id, post_id=post.id))
        await db.commit()
    page = (await browser.get(f"/post/{post.id}/likes")).text
    assert page.index("mary") < page.index("david")
    assert "2 likes" in page
    async with Client(app) as client:
        found = (await client.get(f"/posts/{post.id}/likes/")).json()
    assert [user["username"] for user in found["users"]] == ["mary", "david"]
    assert found["count"] == 2


async def test_the_api_tells_who_asks_what_they_like_and_have_bookmarked(
    app: Broadside, susan: User, db: AsyncSession, post: Post
) -> None:
    other = (await add_posts(db, susan, 1))[0]
    token = await add_token(app, susan)
    async with Client(app, token=token) as client, Client(app) as stranger:
        for _ in range(2):
            assert (await client.put(f"/posts/{post.id}/like")).status_code == 204
            assert (await client.put(f"/posts/{other.id}/bookmark")).status_code == 204
        for address in ("/posts/", "/users/susan/posts/", "/users/susan/timeline/"):
            posts = {each["id"]: each for each in (await client.get(address)).json()["posts"]}
            facts = [
                (each["like_count"], each["liked"], each["bookmarked"])
                for each in (posts[post.id], posts[other.id])
            ]
            assert facts == [(1, True, False), (0, False, True)]
        short = (await client.get("/posts/", params={"fields": "id,liked"})).json()["posts"]
        assert {each["id"]: each["liked"] for each in short} == {post.id: True, other.id: False}
        one = (await stranger.get(f"/posts/{post.id}")).json()
        assert (one["like_count"], one["liked"], one["bookmarked"]) == (1, None, None)
        assert (await client.delete(f"/posts/{post.id}/like")).status_code == 204
        assert (await client.get(f"/posts/{post.id}")).json()["liked"] is False


async def test_somebodys_like_does_not_fail_somebody_elses_edit(
    app: Broadside, susan: User, post: Post
) -> None:
    david = (await add_users(app, NewUser("david")))["david"]
    async with (
        Client(app, token=await add_token(app, susan)) as author,
        Client(app, token=await add_token(app, david)) as reader,
    ):
        address = f"/posts/{post.id}"
        read = await author.get(address)
        await reader.put(f"{address}/like")
        # What was read is outdated,
        again = await author.get(address, headers={"If-None-Match": read.headers["etag"]})
        assert (again.status_code, again.json()["like_count"]) == (200, 1)
        # but not what is edited.
        match = {"If-Match": read.headers["etag"]}
        edited = await author.patch(address, json={"body": "Better"}, headers=match)
        assert (edited.status_code, edited.json()["like_count"]) == (200, 1)
        assert (
            await author.patch(address, json={"body": "Best"}, headers=match)
        ).status_code == 412


@pytest.mark.parametrize(
    "changes", [{"status": PostStatus.DRAFT}, {"hidden_at": now(), "hidden_reason": "Rude"}]
)
async def test_a_post_that_is_not_public_cannot_be_liked_even_by_its_author(
    susans_browser: Browser, db: AsyncSession, post: Post, changes: dict[str, object]
) -> None:
    for name, value in changes.items():
        setattr(post, name, value)
    await db.commit()
    answer = await susans_browser.submit(f"/post/{post.id}/like", page="/write")
    assert answer.status_code == 403
    assert "as soon as everyone can read it" in answer.text
    assert await db.scalar(select(func.count()).select_from(PostLike)) == 0


async def test_a_post_that_is_gone_cannot_be_liked(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession, post: Post
) -> None:
    async with Client(app, token=await add_token(app, susan)) as client:
        assert (await client.delete(f"/posts/{post.id}")).status_code == 204
        for gone in (post.id, 4711):
            for what in ("like", "bookmark"):
                assert (await client.put(f"/posts/{gone}/{what}")).status_code == 404
                answer = await susans_browser.submit(f"/post/{gone}/{what}", page="/write")
                assert answer.status_code == 404
    assert await db.scalar(select(func.count()).select_from(PostLike)) == 0


async def test_the_count_is_right_after_a_hundred_people_at_once(
    app: Broadside, db: AsyncSession, post: Post
) -> None:
    people = await add_users(app, *(NewUser(f"person{number}") for number in range(MANY)))
    tokens = [await add_token(app, person) for person in people.values()]

    async def act(number: int, token: str) -> None:
        async with Client(app, token=token) as client:
            assert (await client.put(f"/posts/{post.id}/like")).status_code == 204
            assert (await client.put(f"/posts/{post.id}/like")).status_code == 204
            if number % 2:
                assert (await client.delete(f"/posts/{post.id}/like")).status_code == 204

    await asyncio.gather(*(act(number, token) for number, token in enumerate(tokens)))
    assert await likes_of(db, post) == MANY // 2
    assert not any((await wrong_counts(db)).values())
