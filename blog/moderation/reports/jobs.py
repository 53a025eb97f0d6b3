"""The job that emails the outcome of a report to the reporter, and the handler that enqueues it."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.kinds import JobKind
from blog.core.jobs.queue import enqueue
from blog.core.jobs.running import RunningJob
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.moderation.events import ReportClosed
from blog.moderation.reports.queries import report_by_id


async def mail_reporter(job: RunningJob) -> None:
    """Email the outcome of a report to the person who made it."""
    async with job.database.session() as session:
        report = await report_by_id(session, job.payload["report_id"])
        if report is None or report.is_open:
            return
        reporter = report.reporter
        if reporter.is_confirmed and not reporter.is_disabled:
            await outbox.put(
                session, to=reporter, message="report_closed", user=reporter, report=report,
                what="post" if report.post_id else "comment",
                link=external_url("appeals.own"),
            )  # fmt: skip
            await session.commit()


TELL_REPORTER = JobKind("tell_reporter", mail_reporter)


async def enqueue_reporter_mails(session: AsyncSession, events: Sequence[ReportClosed]) -> None:
    """Enqueue emails to people whose reports were closed."""
    for event in events:
        if event.reporter_id != event.moderator_id:
            await enqueue(
                session, TELL_REPORTER, key=str(event.report_id), report_id=event.report_id
            )
