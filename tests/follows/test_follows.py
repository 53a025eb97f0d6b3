"""Following, followers and followed users."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Follow, User
from tests.support import Browser

MakeUser = Callable[..., Awaitable[User]]


@pytest.fixture
async def david(make_user: MakeUser) -> User:
    """Somebody to follow."""
    return await make_user("david")


async def counts(db: AsyncSession, person: User) -> tuple[int, int]:
    """How many follow a person, and how many the person follows, as pages show it."""
    fresh = await db.get_one(User, person.id, populate_existing=True)
    return fresh.follower_count, fresh.following_count


async def act(browser: Browser, address: str, page: str = "/user/david") -> str:
    """Press a button, and read the page that it leads to."""
    answer = await browser.submit(address, page=page)
    assert answer.status_code == 302
    return (await browser.get(answer.headers["location"])).text


async def test_following_and_unfollowing_change_the_button_the_lists_and_the_counts(
    susans_browser: Browser, db: AsyncSession, susan: User, david: User
) -> None:
    assert 'action="/follow/david"' in (await susans_browser.get("/user/david")).text
    page = await act(susans_browser, "/follow/david")
    assert "now following david" in page
    assert 'action="/unfollow/david"' in page
    assert (await counts(db, david), await counts(db, susan)) == ((1, 0), (0, 1))
    assert "susan" in (await susans_browser.get("/followers/david")).text
    assert 'href="/user/david"' in (await susans_browser.get("/followed_by/susan")).text

    page = await act(susans_browser, "/unfollow/david")
    assert "no longer following david" in page
    assert (await counts(db, david), await counts(db, susan)) == ((0, 0), (0, 0))
    assert "Nobody yet" in (await susans_browser.get("/followers/david")).text


async def test_a_profile_says_who_follows_one(
    susans_browser: Browser, db: AsyncSession, susan: User, david: User
) -> None:
    assert "Follows you" not in (await susans_browser.get("/user/david")).text
    db.add(Follow(follower_id=david.id, followed_id=susan.id))
    await db.commit()
    assert "Follows you" in (await susans_browser.get("/user/david")).text
    assert "Follows you" not in (await susans_browser.get("/user/susan")).text


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("/follow/susan", "follow yourself"),
        ("/unfollow/david", "following david."),
        ("/follow/nobody", "no user called nobody"),
        ("/unfollow/nobody", "no user called nobody"),
    ],
)
async def test_what_makes_no_sense_gets_a_friendly_word(
    susans_browser: Browser, db: AsyncSession, susan: User, david: User, address: str, words: str
) -> None:
    assert words in await act(susans_browser, address)
    assert await counts(db, susan) == (0, 0)


async def test_following_twice_counts_once(
    susans_browser: Browser, db: AsyncSession, david: User
) -> None:
    await act(susans_browser, "/follow/david")
    assert "already following david" in await act(susans_browser, "/follow/david")
    assert await counts(db, david) == (1, 0)


async def test_two_people_who_follow_each_other_at_once_never_deadlock(
    app: Broadside, susans_browser: Browser, db: AsyncSession, susan: User, david: User
) -> None:
    async with Browser(app) as davids_browser:
        await davids_browser.log_in("david")
        tokens = await susans_browser.token("/"), await davids_browser.token("/")
        answers = await asyncio.gather(
            *(
                visitor.post(f"/{verb}/{whom}", data={"csrf_token": token})
                for _ in range(10)
                for verb in ("follow", "unfollow")
                for visitor, whom, token in (
                    (susans_browser, "david", tokens[0]),
                    (davids_browser, "susan", tokens[1]),
                )
            )
        )
    assert {answer.status_code for answer in answers} == {302}
    follows = list(await db.scalars(select(Follow.follower_id)))
    assert await counts(db, david) == (follows.count(susan.id), follows.count(david.id))
    assert await counts(db, susan) == (follows.count(david.id), follows.count(susan.id))


async def test_an_account_that_goes_takes_its_follows_along(
    susans_browser: Browser, db: AsyncSession, susan: User, david: User
) -> None:
    await act(susans_browser, "/follow/david")
    await db.execute(delete(User).where(User.id == david.id))
    await db.commit()
    assert await counts(db, susan) == (0, 0)


async def test_the_lists_have_pages_newest_first_with_the_time(
    browser: Browser, db: AsyncSession, susan: User, make_user: MakeUser
) -> None:
    moment = now()
    for number in range(53):
        fan = await make_user(f"fan{number:02}")
        since = moment - timedelta(days=number)
        db.add(Follow(follower_id=fan.id, followed_id=susan.id, created_at=since))
    await db.commit()
    first, second = [(await browser.get(f"/followers/susan?page={n}")).text for n in (1, 2)]
    assert first.index("fan00") < first.index("fan49")
    assert "fan50" not in first
    assert "fan50" in second
    assert f'<time datetime="{moment.isoformat(timespec="seconds")}"' in first
    assert 'rel="next" href="/followers/susan?page=2"' in first
    assert 'rel="prev" href="/followers/susan?page=1"' in second
    past = (await browser.get("/followers/susan?page=9")).text
    assert "no page 9" in past
    assert 'rel="prev" href="/followers/susan?page=2"' in past


async def test_lists_of_nobody_are_404(browser: Browser) -> None:
    for address in ("/followers/nobody", "/followed_by/nobody"):
        assert (await browser.get(address)).status_code == 404


async def test_a_stranger_is_led_to_the_login_page(browser: Browser, david: User) -> None:
    answer = await browser.submit("/follow/david", page="/auth/login")
    assert answer.headers["location"].startswith("/auth/login")
