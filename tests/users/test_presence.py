"""When people were seen last."""

import asyncio
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import User
from tests.support import Browser


async def seen_hours_ago(db: AsyncSession, hours: int) -> None:
    await db.execute(update(User).values(last_seen_at=now() - timedelta(hours=hours)))
    await db.commit()


async def test_a_person_is_seen_with_a_request_and_then_not_for_a_minute(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await seen_hours_ago(db, 3)
    await susans_browser.get("/edit-profile")
    first = await db.scalar(select(User.last_seen_at))
    assert first is not None and now() - first < timedelta(seconds=10)

    answer = await susans_browser.get("/edit-profile")
    assert 'desc="1 statements"' in answer.headers["server-timing"]
    assert await db.scalar(select(User.last_seen_at)) == first


async def test_seeing_a_person_takes_one_statement_more(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await seen_hours_ago(db, 1)
    answer = await susans_browser.get("/edit-profile")
    assert 'desc="2 statements"' in answer.headers["server-timing"]


async def test_viewing_a_profile_does_not_update_its_last_seen_time(
    browser: Browser, susan: User, db: AsyncSession
) -> None:
    await seen_hours_ago(db, 1)
    await browser.get("/user/susan")
    seen = await db.scalar(select(User.last_seen_at))
    assert seen is not None and now() - seen > timedelta(minutes=59)


async def test_a_page_does_not_wait_for_a_lock_on_the_user(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await seen_hours_ago(db, 1)
    await db.execute(select(User.id).with_for_update())
    async with asyncio.timeout(20):
        assert (await susans_browser.get("/")).status_code == 200


async def test_many_requests_at_once_see_a_person_together(
    susans_browser: Browser, db: AsyncSession
) -> None:
    await seen_hours_ago(db, 1)
    answers = await asyncio.gather(*(susans_browser.get("/edit-profile") for _ in range(8)))
    assert {answer.status_code for answer in answers} == {200}
    seen = await db.scalar(select(User.last_seen_at))
    assert seen is not None and now() - seen < timedelta(seconds=10)
