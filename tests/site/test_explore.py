"""What is worth reading this week, and why."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import Comment, Follow, Post, PostLike, User
from tests.comments.support import add_comments
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]


async def shown(browser: Browser, order: str) -> list[int]:
    """The ids of the posts in their order."""
    answer = await browser.get(f"/explore?order={order}")
    assert answer.status_code == 200
    return [
        int(found)
        for found in re.findall(r'<article class="post[^"]*" id="post-(\d+)"', answer.text)
    ]


async def test_each_order_ranks_by_what_it_says(
    browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    """Susan has ten followers; the author of the other post has none."""
    people = [await make_user(f"person{number}") for number in range(10)]
    david = await make_user("david")
    db.add_all(Follow(follower_id=person.id, followed_id=susan.id) for person in people)
    (known,) = await add_posts(db, susan, 1)
    (unknown,) = await add_posts(db, david, 1)
    (quiet,) = await add_posts(db, david, 1)
    for person in people[:3]:
        await add_comments(db, known, person.id, 2)
    for person in people[:2]:
        await add_comments(db, unknown, person.id, 1)
    # The author's own count for nothing.
    await add_comments(db, unknown, david.id, 9)
    await add_comments(db, quiet, david.id, 9)
    assert await shown(browser, "points") == [unknown.id, known.id]
    assert await shown(browser, "discussed") == [known.id, unknown.id]
    assert await shown(browser, "newest") == [quiet.id, unknown.id, known.id]
    assert await shown(browser, "nonsense") == [unknown.id, known.id]
    page = re.sub(r"\s+", " ", (await browser.get("/explore")).text.replace("&nbsp;", " "))
    assert "0 likes, 2 people commented, and the author has 0 followers" in page
    assert "100 × (0 + 2) ÷ (0 + 10) = 20.0 points" in page
    assert "100 × (0 + 3) ÷ (10 + 10) = 15.0 points" in page
    db.add_all(PostLike(user_id=person.id, post_id=known.id) for person in people[:2])
    db.add(PostLike(user_id=susan.id, post_id=quiet.id))
    await db.commit()
    assert await shown(browser, "points") == [known.id, unknown.id, quiet.id]
    assert await shown(browser, "discussed") == [known.id, unknown.id]


@pytest.mark.parametrize("order", ["points", "discussed", "newest"])
async def test_only_public_posts_of_the_week_are_shown(
    browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser, order: str
) -> None:
    david = await make_user("david")
    posts = await add_posts(db, susan, 4)
    for post in posts:
        await add_comments(db, post, david.id, 1)
    old = {"published_at": now() - timedelta(days=8)}
    for post, values in zip(posts, (old, {"hidden_at": now()}, {"status": "draft"}), strict=False):
        await db.execute(update(Post).where(Post.id == post.id).values(values))
    await db.commit()
    assert await shown(browser, order) == [posts[3].id]
    await db.execute(update(Comment).values(disabled_at=now(), disabled_reason="x"))
    await db.commit()
    assert await shown(browser, order) == ([posts[3].id] if order == "newest" else [])


async def test_a_week_without_posts_says_so(browser: Browser) -> None:
    for order in ("points", "newest"):
        page = (await browser.get(f"/explore?order={order}")).text
        assert "Nothing to show this week" in page
