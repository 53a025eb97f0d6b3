"""Stored counts stay exact under concurrent writes."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Follow, Post, PostDay, User
from blog.posts.counts import KEPT_COUNTS, recount, wrong_counts
from tests.comments.support import add_comments
from tests.databases import wait_for_a_lock
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]
NOTHING = {kept.name: 0 for kept in KEPT_COUNTS}
PEOPLE = 20
WRITERS = 100
DEEDS = 6


class Writer:
    """A user who performs random actions."""

    def __init__(self, browser: Browser, token: str, chance: random.Random) -> None:
        self.browser, self.token, self.chance = browser, token, chance
        self.statuses: set[int] = set()

    async def act(self) -> None:
        """Perform some actions, many of which are invalid by then."""
        for _ in range(DEEDS):
            someone = f"person{self.chance.randrange(PEOPLE)}"
            post, comment = self.chance.randint(1, 60), self.chance.randint(1, 60)
            address = self.chance.choice(
                [
                    "/",
                    "/",
                    f"/delete/{post}",
                    f"/follow/{someone}",
                    f"/follow/{someone}",
                    f"/unfollow/{someone}",
                    f"/post/{post}",
                    f"/post/{post}",
                    f"/comment/{comment}/like",
                    f"/comment/{comment}/delete",
                ]
            )
            data = {"csrf_token": self.token, "body": f"Words {self.chance.random()}"}
            answer = await self.browser.post(address, data=data)
            self.statuses.add(answer.status_code)


async def test_a_hundred_writers_at_once_leave_every_count_right(
    app: Broadside, make_user: MakeUser, db: AsyncSession
) -> None:
    async with AsyncExitStack() as open_browsers:
        browsers = []
        for number in range(PEOPLE):
            await make_user(f"person{number}")
            browser = await open_browsers.enter_async_context(Browser(app))
            await browser.log_in(f"person{number}")
            browsers.append((browser, await browser.token("/")))
        writers = [Writer(*browsers[n % PEOPLE], random.Random(n)) for n in range(WRITERS)]
        await asyncio.gather(*(writer.act() for writer in writers))
    assert {status for writer in writers for status in writer.statuses} == {302, 403, 404}
    assert await wrong_counts(db) == NOTHING
    kept = list(await db.scalars(select(User.post_count)))
    assert sum(kept) > 0


@pytest.fixture
async def busy_site(db: AsyncSession, susan: User, make_user: MakeUser) -> User:
    """A site with something to count; david is followed, and has written."""
    david = await make_user("david")
    post = (await add_posts(db, susan, 3))[0]
    await add_posts(db, david, 2)
    await add_comments(db, post, david.id, 4)
    db.add(Follow(follower_id=susan.id, followed_id=david.id))
    db.add(Follow(follower_id=david.id, followed_id=susan.id))
    await db.commit()
    assert await wrong_counts(db) == NOTHING
    return david


async def test_an_account_that_goes_leaves_every_count_right(
    busy_site: User, db: AsyncSession
) -> None:
    await db.execute(delete(User).where(User.id == busy_site.id))
    await db.commit()
    assert await wrong_counts(db) == NOTHING
    assert (await db.scalars(select(PostDay.visible))).one() == 3


async def test_wrong_counts_are_found_and_repaired(busy_site: User, db: AsyncSession) -> None:
    for wrong in (
        "UPDATE users SET post_count = 7, follower_count = 0",
        "UPDATE users SET following_count = 9 WHERE username = 'david'",
        "UPDATE posts SET comment_count = 1 WHERE id = 2",
        "DELETE FROM post_days",
        "INSERT INTO post_days VALUES ('2009-05-05', 100)",
        "UPDATE comment_ranges SET visible = visible + 1",
        "DELETE FROM user_ranges",
        "INSERT INTO tags (name, folded, post_count) VALUES ('x', 'x', 3)",
        "INSERT INTO tag_ranges VALUES (5, 1)",
    ):
        await db.execute(text(wrong))
    await db.commit()
    expected = {
        "posts of people": 2,
        "followers of people": 2,
        "people followed by people": 1,
        "subscribers of people": 0,
        "comments of posts": 1,
        "posts of days": 2,
        "comments in ranges": 1,
        "people in ranges": 1,
        "posts of tags": 1,
        "likes of posts": 0,
        "likes of comments": 0,
        "tags in ranges": 2,
    }
    assert await wrong_counts(db) == expected
    assert await recount(db) == expected
    assert await wrong_counts(db) == NOTHING


async def test_a_post_written_while_counts_are_repaired_is_counted_once(
    app: Broadside, busy_site: User, db: AsyncSession
) -> None:
    await db.execute(text("UPDATE users SET post_count = 50"))
    await db.commit()
    async with app.database.session() as writing:
        writing.add(Post(author_id=busy_site.id, body="x", body_html="x", renderer_version=1))
        await writing.flush()
        repair = asyncio.create_task(recount(db))
        # The repair waits for the writer, who holds the author's row.
        done, _ = await asyncio.wait({repair}, timeout=0.2)
        assert not done
        await writing.commit()
    await repair
    assert await wrong_counts(db) == NOTHING


async def test_two_repairs_at_once_add_what_is_missing_once(
    app: Broadside, busy_site: User, db: AsyncSession
) -> None:
    await db.execute(text("UPDATE users SET post_count = 50"))
    await db.commit()
    # These rows are locked, so that both repairs run at the same time.
    await db.execute(select(User.id).with_for_update())
    async with app.database.session() as one, app.database.session() as other:
        repairs = asyncio.gather(recount(one), recount(other))
        await wait_for_a_lock(app.database, sessions=2)
        await db.commit()
        assert sorted(found["posts of people"] for found in await repairs) == [0, 2]
    assert await wrong_counts(db) == NOTHING
