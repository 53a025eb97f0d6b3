"""The directory of people, and those who are suggested."""

import re
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import AccountDeletion, Follow, User
from tests.posts.test_posts import add_posts
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]


async def shown(browser: Browser, address: str) -> list[str]:
    """The usernames in their order."""
    page = (await browser.get(address)).text
    return re.findall(r'<a class="author[^"]*"[^>]* href="/user/(\w+)"', page)


async def test_people_are_listed_in_three_orders(
    browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    zoe, adam = await make_user("Zoe"), await make_user("adam")
    db.add_all([Follow(follower_id=susan.id, followed_id=adam.id),
                Follow(follower_id=zoe.id, followed_id=adam.id),
                Follow(follower_id=adam.id, followed_id=susan.id)])  # fmt: skip
    await db.commit()
    assert await shown(browser, "/people") == ["adam", "susan", "Zoe"]
    assert await shown(browser, "/people?order=newest") == ["adam", "Zoe", "susan"]
    assert await shown(browser, "/people?order=name") == ["adam", "susan", "Zoe"]
    assert await shown(browser, "/people?order=x") == ["adam", "susan", "Zoe"]
    db.add(AccountDeletion(user_id=adam.id))
    await db.commit()
    assert await shown(browser, "/people") == ["susan", "Zoe"]


async def test_every_person_is_on_one_page(
    browser: Browser, db: AsyncSession, make_user: MakeUser
) -> None:
    people = [f"person{number:03}" for number in range(60)]
    for name in people:
        await make_user(name)
    for order in ("followed", "newest", "name"):
        found = list[str]()
        for number in range(1, 5):
            found += await shown(browser, f"/people?order={order}&page={number}")
        assert sorted(found) == people


async def test_it_says_who_is_followed_in_common(
    susans_browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    david = await make_user("david")
    friends = [await make_user(name) for name in ("anna", "ben", "carl")]
    for friend in friends:
        db.add(Follow(follower_id=susan.id, followed_id=friend.id))
        db.add(Follow(follower_id=friend.id, followed_id=david.id))
    stranger = await make_user("stranger")
    db.add(Follow(follower_id=stranger.id, followed_id=david.id))
    await db.commit()
    page = " ".join((await susans_browser.get("/people")).text.split())
    assert "Followed by anna, ben and 1 more you follow" in page
    assert page.count("You follow them") == 3
    assert "stranger," not in page


async def test_who_follows_nobody_is_told_of_people_to_follow(
    susans_browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    writer, silent = await make_user("writer"), await make_user("silent")
    for followed in (writer, silent):
        other = await make_user(f"fan_of_{followed.username}")
        db.add(Follow(follower_id=other.id, followed_id=followed.id))
    await db.commit()
    await add_posts(db, writer, 1)
    await susans_browser.get("/followed")
    page = (await susans_browser.get("/")).text
    assert "People to follow" in page
    assert "/user/writer" in page
    assert "/user/silent" not in page
    db.add(Follow(follower_id=susan.id, followed_id=writer.id))
    await db.commit()
    assert "People to follow" not in (await susans_browser.get("/")).text
