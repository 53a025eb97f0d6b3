"""Watching the components of the site that can fail while its pages are served."""

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
from blog.status.service import delete_old_incidents, record_state

EVERY = timedelta(minutes=1)
STORAGE_SECONDS = 10.0
# A file that no site has.
NO_FILE = "images/00/no-such-file.webp"


async def watch_components(job: RunningJob) -> None:
    """Record which components don't work, and send the metrics of the site to a collector.

    This doesn't run while there is no worker, or the database is unavailable: such a time is
    recorded afterwards, as an incident of the jobs.
    """
    time = now()
    async with job.database.session() as session:
        waiting = [line.next_at for line in await summary(session) if line.sort is Sort.WAITING]
        mail_since = await mail_fails_since(session)
    files_fail = not await _is_storage_available(current_app.storage)
    last = job.payload.get("watched_at")
    async with job.database.session() as session:
        if last and time - (silent_since := datetime.fromisoformat(last)) > LONGEST_SILENCE:
            await record_state(session, Component.JOBS, silent_since)
        # Incidents get the time of their transaction, so this is a separate one.
        await session.commit()
        due = waiting[0] if waiting else None
        await record_state(session, Component.JOBS, due if due and time - due > LATE else None)
        await record_state(session, Component.MAIL, mail_since)
        await record_state(session, Component.FILES, time if files_fail else None)
        await session.commit()
    await job.save_progress(watched_at=time.isoformat())
    with suppress(TimeoutError):  # They are sent a minute later.
        await collecting.send_site_metrics(current_app.figures_probe.answer)


async def _is_storage_available(storage: Storage) -> bool:
    """Whether the file storage responds."""
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
