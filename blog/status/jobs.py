"""Watching the parts of the site that can fail while its pages are served."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

from blog.core.clock import now
from blog.core.jobs.cleaning import cleaning_job
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.jobs.summary import Sort, summary
from blog.core.storage.interface import NoSuchObjectError, Storage, StorageError
from blog.core.telemetry import collecting
from blog.core.web.app import current_app
from blog.models import Component
from blog.status.queries import LATE, LONGEST_SILENCE, WATCH, mail_fails_since
from blog.status.service import delete_old_incidents, note

EVERY = timedelta(minutes=1)
STORAGE_SECONDS = 10.0
# A file that no site has.
NO_FILE = "images/00/no-such-file.webp"


async def watch_components(job: RunningJob) -> None:
    """Record which components do not work, and send the metrics of the site to a collector.

    While no worker runs, or the database is away, this does not run either: such a time is recorded
    afterwards, as one of the jobs.
    """
    moment = now()
    async with job.database.session() as session:
        waiting = [line.next_at for line in await summary(session) if line.sort is Sort.WAITING]
        mail_since = await mail_fails_since(session)
    files_fail = not await _answers(current_app.storage)
    last = job.payload.get("watched_at")
    async with job.database.session() as session:
        if last and moment - (silent_since := datetime.fromisoformat(last)) > LONGEST_SILENCE:
            await note(session, Component.JOBS, silent_since)
        # Each transaction has its own time.
        await session.commit()
        due = waiting[0] if waiting else None
        await note(session, Component.JOBS, due if due and moment - due > LATE else None)
        await note(session, Component.MAIL, mail_since)
        await note(session, Component.FILES, moment if files_fail else None)
        await session.commit()
    await job.save_progress(watched_at=moment.isoformat())
    with suppress(TimeoutError):  # They are sent a minute later.
        await collecting.send_site_metrics(current_app.figures_probe.answer)


async def _answers(storage: Storage) -> bool:
    """Whether the storage of files answers."""
    try:
        async with asyncio.timeout(STORAGE_SECONDS):
            await storage.stat(NO_FILE)
    except NoSuchObjectError:
        return True
    except (StorageError, TimeoutError):
        return False
    return True


WATCH_COMPONENTS = JobKind(WATCH, watch_components, at_once=1, every=EVERY)
DELETE_OLD_INCIDENTS = cleaning_job(
    "delete_old_incidents", delete_old_incidents, every=timedelta(days=1)
)
