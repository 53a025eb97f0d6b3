"""Posts and notifications are mailed once, though the workers that do it are killed again and
again."""

import asyncio
import multiprocessing
import os
from collections import Counter
from uuid import uuid4

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog import create_app
from blog.core.jobs.claims import Claimed
from blog.core.jobs.running import RunningJob
from blog.core.web.app import Broadside
from blog.models import Email, NotificationItem, User
from blog.models.notification import WAITS_FOR_DIGEST
from blog.notifications.mail import at_once
from blog.notifications.mail import jobs as notification_jobs
from blog.notifications.mail.jobs import MAIL_NOTIFICATIONS
from blog.subscriptions import jobs as post_jobs
from blog.subscriptions.jobs import MAIL_POST
from settings import load_settings
from tests.notifications.mail.support import mail_all
from tests.notifications.support import people
from tests.servers import until
from tests.subscriptions.support import add_subscribers, post_mails, publish
from tests.support import Browser, outbox

pytestmark = pytest.mark.live

# The whole number: KILLS=20 make test ARGS="-k killed_jobs"
KILLS = int(os.environ.get("KILLS", "8"))
SUBSCRIBERS, COMMENTS = 30 * max(1, KILLS // 8), 16


async def mail(app: Broadside, post_id: int) -> None:
    """Do both jobs, a few rows in each transaction."""
    kinds = ((MAIL_POST, {"post_id": post_id}), (MAIL_NOTIFICATIONS, {}))
    for kind, payload in kinds:
        claimed = Claimed(0, kind.name, payload, 1, uuid4())
        await kind.run(RunningJob(claimed, kind.every, app.database, asyncio.Event()))


async def mail_as_process(post_id: int) -> None:
    """What a worker does until it is killed."""
    post_jobs.MAILS_AT_ONCE = 2
    at_once.ITEMS_AT_ONCE = notification_jobs.ITEMS_AT_ONCE = 2
    app = create_app(load_settings())
    await app.database.open()
    async with app.app_context():
        await mail(app, post_id)
    await asyncio.Event().wait()


def run(environment: dict[str, str], post_id: int) -> None:
    """The process."""
    os.environ.update(environment)
    asyncio.run(mail_as_process(post_id))


processes = multiprocessing.get_context("forkserver")
processes.set_forkserver_preload([__name__])


async def number_of_mails(db: AsyncSession) -> int:
    return await db.scalar(select(func.count()).select_from(Email)) or 0


async def test_everybody_gets_each_post_and_each_notification_once_though_workers_are_killed(
    app: Broadside, susans_browser: Browser, susan: User, db: AsyncSession
) -> None:
    await add_subscribers(db, susan, SUBSCRIBERS)
    post_id = await publish(susans_browser, "Fresh bread", title="Bread")
    async with people(app, "robin") as found:
        for number in range(COMMENTS):
            await found["robin"].comment(post_id, f"Comment {number}")
    settings = app.settings
    environment = {
        "ENV": "testing", "DATABASE_URL": str(settings.database_url),
        "VAR_DIR": str(settings.var_dir), "BASE_URL": settings.base_url,
        "SECRET_KEY": settings.signing_key(),
    }  # fmt: skip
    for _ in range(KILLS):
        before = await number_of_mails(db)
        worker = processes.Process(target=run, args=[environment, post_id])
        worker.start()

        async def has_come_further(before: int = before) -> bool:
            return await number_of_mails(db) > before

        try:
            await until(has_come_further, seconds=60)
        finally:
            worker.kill()
            await asyncio.to_thread(worker.join)
        if await number_of_mails(db) == SUBSCRIBERS + at_once.MOST_AN_HOUR:
            break
    async with app.app_context():
        await mail(app, post_id)
    recipients = Counter(each.recipient for each in await post_mails(app))
    assert recipients == {f"reader{number}@example.com": 1 for number in range(SUBSCRIBERS)}
    notified = [each for each in await outbox(app) if each.purpose == "notification"]
    assert len({each.message_id for each in notified}) == len(notified) == at_once.MOST_AN_HOUR
    waiting = select(func.count()).select_from(NotificationItem).where(WAITS_FOR_DIGEST)
    assert await db.scalar(waiting) == COMMENTS - at_once.MOST_AN_HOUR
    assert len(await mail_all(app)) == len(notified)
