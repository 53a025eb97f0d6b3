"""Watching over backups: the administrators are told when none was proven for too long."""

from datetime import timedelta

from blog.backups.records import backup_state, delete_old_runs
from blog.core.jobs.cleaning import cleaning
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.web.app import current_app
from blog.mail import outbox


async def watch_backups(job: RunningJob) -> None:
    """Mail the administrators, once a day, of a run that failed, or if no backup was proven for two
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


WATCH_BACKUPS = JobKind("watch_backups", watch_backups, at_once=1, every=timedelta(hours=1))
DELETE_OLD_RUNS = cleaning("delete_old_backup_runs", delete_old_runs, every=timedelta(days=1))
