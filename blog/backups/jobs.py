"""Jobs that watch the backups and the archive, and mail administrators about problems."""

import asyncio
from datetime import timedelta

from blog.backups.archiving import archive_state
from blog.backups.records import backup_state, delete_old_runs
from blog.core.jobs.cleaning import cleaning_job
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.web.app import current_app
from blog.mail import outbox

# An archiver that restarts, or tries again after an error, is inactive for a moment.
CHECKS = 3
CHECK_PAUSE = 20.0


async def watch_backups(job: RunningJob) -> None:
    """Mail the administrators, once a day, if a run has failed, or if no backup was proven for two
    days. A site without `BACKUP_TARGET` is backed up in another way."""
    settings = current_app.settings
    if settings.backup_target is None or not settings.admin_email:
        return
    async with job.database.session() as session:
        state = await backup_state(session)
        if state.failure is None and not state.is_overdue:
            return
        for recipient in settings.admin_email:
            await outbox.put(
                session, to=recipient, message="backups_at_risk", state=state,
                target=settings.backup_target,
            )  # fmt: skip
        await session.commit()


async def watch_archive(job: RunningJob) -> None:
    """Mail the administrators, once a day, while archiving of the write-ahead log is interrupted. A
    site whose server has no slot for it doesn't use archiving."""
    recipients = current_app.settings.admin_email
    if not recipients:
        return
    for number in range(CHECKS):
        if number:
            await asyncio.sleep(CHECK_PAUSE)
        async with job.database.session() as session:
            state = await archive_state(session)
        if state is None or state.is_healthy:
            return
    async with job.database.session() as session:
        for recipient in recipients:
            await outbox.put(session, to=recipient, message="archive_stopped", state=state)
        await session.commit()


WATCH_ARCHIVE = JobKind("watch_archive", watch_archive, at_once=1, every=timedelta(minutes=10))
WATCH_BACKUPS = JobKind("watch_backups", watch_backups, at_once=1, every=timedelta(hours=1))
DELETE_OLD_RUNS = cleaning_job("delete_old_backup_runs", delete_old_runs, every=timedelta(days=1))
