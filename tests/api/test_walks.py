"""Cursor pagination neither skips nor repeats items that exist throughout, under concurrent
writes."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, Follow, Post, User
from tests.api.support import Client, add_token
from tests.comments.support import add_comments, add_post
from tests.posts.test_posts import add_posts

MakeUser = Callable[..., Awaitable[User]]


async def test_a_walk_over_a_thousand_posts_while_another_client_adds_and_deletes(
    app: Broadside, anonymous: Client, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    posts = [post.id for post in await add_posts(db, susan, 1000)]
    doomed = await add_posts(db, await make_user("david"), 40)
    chance = random.Random(6)
    walk_is_over = asyncio.Event()
    changes = 0

    async def disturb(writer: Client) -> None:
        nonlocal changes
        own = [post.id for post in doomed]
        while not walk_is_over.is_set():
            if own and chance.random() < 0.5:
                answer = await writer.delete(f"/posts/{own.pop(chance.randrange(len(own)))}")
            else:
                answer = await writer.post("/posts/", json={"body": "Look here!"})
                own.append(answer.json()["id"])
            assert answer.status_code in {201, 204}
            changes += 1

    async def walk() -> list[int]:
        try:
            seen = await anonymous.all_of("/posts/?cursor=&per_page=10", "posts")
        finally:
            walk_is_over.set()
        return [post["id"] for post in seen]

    async with Client(
        app, token=await add_token(app, await make_user("maud", role="Administrator"))
    ) as writer:
        seen, _ = await asyncio.gather(walk(), disturb(writer))
    assert changes >= 10
    assert len(seen) == len(set(seen))
    assert [post_id for post_id in seen if post_id <= 1000] == posts[::-1]


@pytest.fixture
async def crowd(make_user: MakeUser) -> list[User]:
    """Thirty people."""
    return [await make_user(f"person{number}") for number in range(30)]


class Disturbed:
    """What a walk in small steps sees, while between each two of them something changes."""

    def __init__(self, client: Client, change: Callable[[int], Awaitable[None]]) -> None:
        self.client, self.change = client, change

    async def walk(self, address: str, name: str) -> list[int]:
        ids: list[int] = []
        following: str | None = f"{address}?cursor=&per_page=4"
        while following:
            part: dict[str, Any] = (await self.client.get(following)).json()
            ids += [item["id"] for item in part[name]]
            following = part["next"]
            await self.change(len(ids))
        return ids


async def test_a_walk_over_people_while_some_come_and_go(
    anonymous: Client, db: AsyncSession, crowd: list[User], make_user: MakeUser
) -> None:
    gone: set[int] = set()

    async def change(seen: int) -> None:
        await make_user(f"new{seen}")
        for person in (crowd[-seen], crowd[seen // 4]):  # One that was seen, and one that was not.
            await db.execute(delete(User).where(User.id == person.id))
            gone.add(person.id)
        await db.commit()

    seen = await Disturbed(anonymous, change).walk("/users/", "users")
    assert seen == sorted(set(seen), reverse=True)
    assert {person.id for person in crowd} - gone <= set(seen)


@pytest.mark.parametrize(
    ("address", "is_newest_first"), [("/posts/1/comments/", False), ("/comments/", True)]
)
async def test_a_walk_over_comments_while_some_come_and_go(
    anonymous: Client, db: AsyncSession, susan: User, address: str, is_newest_first: bool
) -> None:
    post = await add_post(db, susan)
    comments = [comment.id for comment in await add_comments(db, post, susan.id, 30)]
    order = comments[::-1] if is_newest_first else comments
    gone: set[int] = set()

    async def change(seen: int) -> None:
        for comment_id in order[min(seen, 30) - 1], order[-seen // 4]:
            await db.execute(delete(Comment).where(Comment.id == comment_id))
            gone.add(comment_id)
        # Those that are written last come last under their post: they must not have no end.
        await add_comments(db, post, susan.id, 2 if seen < 20 else 0)

    seen = await Disturbed(anonymous, change).walk(address, "comments")
    assert seen == sorted(set(seen), reverse=is_newest_first)
    assert set(comments) - gone <= set(seen)


@pytest.mark.parametrize("which", ["followers", "following"])
async def test_a_walk_over_follows_while_some_come_and_go(
    anonymous: Client, db: AsyncSession, susan: User, crowd: list[User], make_user: MakeUser,
    which: str,
) -> None:  # fmt: skip
    moment = now()

    def follow(person: User, later: int) -> Follow:
        pair = (person, susan) if which == "followers" else (susan, person)
        created_at = moment + timedelta(microseconds=later)
        return Follow(follower_id=pair[0].id, followed_id=pair[1].id, created_at=created_at)

    # Three each at the very same moment.
    follows = [follow(person, number // 3) for number, person in enumerate(crowd)]
    db.add_all(follows)
    await db.commit()
    gone: set[int] = set()

    async def change(seen: int) -> None:
        for number in (-seen, seen // 4):
            await db.execute(
                delete(Follow).where(
                    Follow.follower_id == follows[number].follower_id,
                    Follow.followed_id == follows[number].followed_id,
                )
            )
            gone.add(crowd[number].id)
        db.add(follow(await make_user(f"new{seen}"), 100))
        await db.commit()

    seen = await Disturbed(anonymous, change).walk(f"/users/susan/{which}/", "users")
    assert len(seen) == len(set(seen))
    assert {person.id for person in crowd} - gone <= set(seen)


@pytest.mark.parametrize("which", ["timeline", "posts"])
async def test_a_walk_over_posts_of_some_while_they_write_and_delete(
    anonymous: Client, db: AsyncSession, susan: User, make_user: MakeUser, which: str
) -> None:
    david = await make_user("david")
    db.add(Follow(follower_id=susan.id, followed_id=david.id))
    await db.commit()
    writers = [susan, david] if which == "timeline" else [susan]
    posts: list[int] = []
    for number in range(30):
        posts += [post.id for post in await add_posts(db, writers[number % len(writers)], 1)]
    gone: set[int] = set()

    async def change(seen: int) -> None:
        for post_id in (posts[-seen], posts[seen // 4]):
            await db.execute(delete(Post).where(Post.id == post_id))
            gone.add(post_id)
        await add_posts(db, writers[-1], 1)

    seen = await Disturbed(anonymous, change).walk(f"/users/susan/{which}/", "posts")
    assert seen == sorted(set(seen), reverse=True)
    assert set(posts) - gone <= set(seen)
