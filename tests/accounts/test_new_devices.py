"""A login on a device that its owner has not used before is told them by mail."""

from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import User
from tests.support import Browser, add_user, outbox


async def was_here_before(db: AsyncSession) -> None:
    """Let the first login be some time ago."""
    await db.execute(update(User).values(created_at=User.created_at - timedelta(days=1)))
    await db.commit()


async def test_the_first_login_is_not_told_and_each_new_device_once(
    app: Broadside, susan: User, db: AsyncSession
) -> None:
    async with Browser(app) as laptop, Browser(app, "203.0.113.7") as phone:
        await laptop.log_in("susan")
        assert await outbox(app) == []
        await was_here_before(db)
        for browser in (laptop, phone, phone):
            browser.headers["user-agent"] = (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
            )
            if browser is laptop:
                await browser.submit("/auth/logout", page="/auth/sessions")
            await browser.log_in("susan")
            await browser.submit("/auth/logout", page="/auth/sessions")
    (mail,) = await outbox(app)
    assert mail.purpose == "new_device"
    assert "Firefox on Linux" in mail.text
    assert "203.0.113.7" in mail.text
    assert "https://blog.test/auth/sessions" in mail.text


async def test_an_address_that_is_not_confirmed_gets_no_mail_about_it(
    app: Broadside, db: AsyncSession
) -> None:
    await add_user(app, "david", confirmed=False)
    await was_here_before(db)
    async with Browser(app) as browser:
        await browser.log_in("david")
    assert await outbox(app) == []
