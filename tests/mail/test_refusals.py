"""Addresses that their mail server refuses permanently, counted by days."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import RefusedAddress
from tests.jobs import do_job
from tests.mail.conftest import InState, Put, Working
from tests.mail.smtp import Inbox

ADDRESS = "gone@example.com"


async def days(db: AsyncSession) -> int:
    """On how many days the address was refused."""
    found = await db.scalar(select(RefusedAddress.days).where(RefusedAddress.address == ADDRESS))
    return found or 0


async def let_pass(db: AsyncSession, time: timedelta) -> None:
    """Let the last refusal be so long ago."""
    await db.execute(update(RefusedAddress).values(refused_at=now() - time))
    await db.commit()


async def test_refusals_count_once_a_day_until_a_mail_is_accepted(
    put: Put, working: Working, inbox: Inbox, in_state: InState, db: AsyncSession
) -> None:
    inbox.replies[ADDRESS] = "550 No such person here"
    steps = ((0, 1), (1, 1), (23, 2), (23, 3))
    for number, (hours, expected) in enumerate(steps, start=1):
        if hours:
            await let_pass(db, timedelta(hours=hours))
        await put(ADDRESS, "new_user")
        async with working():
            await in_state("failed", number)
        assert await days(db) == expected
    inbox.replies.clear()
    # A password can be reset all the same.
    await put(ADDRESS, "reset_password")
    async with working():
        await in_state("sent")
    assert await days(db) == 0


async def test_only_the_permanent_refusal_of_an_address_counts(
    put: Put, working: Working, inbox: Inbox, in_state: InState, db: AsyncSession
) -> None:
    inbox.replies[ADDRESS] = "451 Later"
    await put(ADDRESS, "new_user")
    async with working():
        await in_state("queued", tried=True)
    # No server is asked about this one.
    await put("jörg@example.com", "new_user")
    async with working():
        await in_state("failed")
    assert list(await db.scalars(select(RefusedAddress.address))) == []


async def test_refusals_are_forgotten_after_half_a_year(app: Broadside, db: AsyncSession) -> None:
    db.add(RefusedAddress(address=ADDRESS, days=3))
    await db.commit()
    await let_pass(db, timedelta(days=179))
    await do_job(app, "delete_old_refusals")
    assert await days(db) == 3
    await let_pass(db, timedelta(days=181))
    await do_job(app, "delete_old_refusals")
    assert await days(db) == 0
