"""The job that mails notifications."""

from datetime import timedelta

from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.web.app import current_app
from blog.feeds.ids import this_site
from blog.notifications.mail.at_once import ITEMS_AT_ONCE, process_new
from blog.notifications.mail.digests import send_next_digest


async def mail_notifications(job: RunningJob) -> None:
    """Process all new notifications, and then send the digests that are due."""
    namespace, links = (await this_site()).namespace, current_app.links
    number, is_due = ITEMS_AT_ONCE, True
    while number == ITEMS_AT_ONCE and not job.stopping.is_set():
        async with job.database.session() as session:
            number = await process_new(session, links, namespace)
            await session.commit()
    while is_due and not job.stopping.is_set():
        async with job.database.session() as session:
            is_due = await send_next_digest(session, links)
            await session.commit()


MAIL_NOTIFICATIONS = JobKind(
    "mail_notifications", mail_notifications, at_once=1, every=timedelta(minutes=1)
)
