"""Jobs that build archives and remove old ones.

An archive's storage key is chosen before its job runs, so whatever a killed job leaves behind is
overwritten by the next run, or removed along with the row.
"""

import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.clock import now
from blog.core.db.deleting import BATCH
from blog.core.events.handlers import record
from blog.core.jobs.cleaning import cleaning_job
from blog.core.jobs.kinds import SHORT_PAUSES, JobKind
from blog.core.jobs.queue import enqueue, has_job
from blog.core.jobs.running import RunningJob
from blog.core.storage.sweeping import delete_old
from blog.core.web.app import current_app
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Export, ExportState, User
from blog.models.export import UNFINISHED_EXPORT
from blog.transfer.exporting.archive import Archive
from blog.transfer.exporting.events import ExportEnded
from blog.transfer.exporting.zipping import zip_stream

# How long an archive is kept.
KEPT_FOR = timedelta(days=7)
# How much longer a file without a row is spared.
ORPHANED_FOR = timedelta(days=1)
FOLDER = "exports"
PROGRESS_SECONDS = 2.0
LONGEST_SECONDS = 6 * 3600.0


def export_key(name: str) -> str:
    """The key of a stored archive."""
    return f"{FOLDER}/{name[:2]}/{name}.zip"


async def make_archive(job: RunningJob) -> None:
    """Store an archive, and email its user."""
    export_id, key = job.payload["export_id"], export_key(job.payload["name"])
    storage = current_app.storage
    account = await _mark_running(job, export_id)
    is_wanted = account is not None
    if account is not None:
        archive = Archive(job.database, storage, account)
        async with aclosing(_archive_chunks(job, archive)) as content:
            size = await storage.put(key, content)
        async with job.finishing() as session:
            is_wanted = await _mark_ready(session, export_id, size)
    if not is_wanted:
        await storage.delete(key)


async def _mark_running(job: RunningJob, export_id: int) -> User | None:
    """Mark an export as running.

    Returns:
        The user whose data to export; `None` if they have deleted their account.
    """
    begun = (
        update(Export)
        .where(Export.id == export_id, UNFINISHED_EXPORT)
        .values(state=ExportState.RUNNING, files_done=0)
        .returning(Export.user_id)
    )
    async with job.database.session() as session:
        user_id = await session.scalar(begun)
        await session.commit()
        if user_id is None:
            return None
        return await session.get(User, user_id, options=[joinedload(User.role, innerjoin=True)])


async def _archive_chunks(job: RunningJob, archive: Archive) -> AsyncGenerator[bytes, None]:
    """Yield the archive in chunks, and save the progress in its row."""
    export_id, total = job.payload["export_id"], await archive.count_files()
    saved_at = -PROGRESS_SECONDS
    async with aclosing(zip_stream(archive.files())) as chunks:
        async for chunk in chunks:
            if time.monotonic() - saved_at > PROGRESS_SECONDS:
                saved_at = time.monotonic()
                progress = update(Export).where(Export.id == export_id)
                values = {"files_done": archive.files_done, "files_total": total}
                async with job.database.session() as session:
                    await session.execute(progress.values(values))
                    await session.commit()
            yield chunk


async def _mark_ready(session: AsyncSession, export_id: int, size: int) -> bool:
    """Mark an export as ready, and delete the user's others; the caller commits.

    Returns:
        Whether the archive is still wanted: `False` if the account has been deleted meanwhile.
    """
    ready = (
        update(Export)
        .where(Export.id == export_id, UNFINISHED_EXPORT)
        .values(state=ExportState.READY, bytes=size, finished_at=func.now())
        .returning(Export.user_id)
    )
    user_id = await session.scalar(ready)
    if user_id is None:
        return False
    await remove_exports(session, Export.user_id == user_id, Export.id != export_id)
    user = await session.get_one(User, user_id)
    await _send_mail(session, user, "export_ready")
    await record(session, ExportEnded(export_id, user_id))
    return True


async def _send_mail(session: AsyncSession, user: User, message: str) -> None:
    """Email a user about an export, unless the address may be someone else's."""
    if user.is_confirmed:
        link = external_url("exporting.overview")
        await outbox.put(session, to=user, message=message, user=user, link=link)


async def remove_exports(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    """Delete exports, and enqueue the removal of their files; the caller commits.

    Returns:
        The number of deleted exports.
    """
    removed = delete(Export).where(*conditions).returning(Export.name)
    names = (await session.scalars(removed.execution_options(synchronize_session=False))).all()
    for name in names:
        await enqueue(session, REMOVE_EXPORT, key=name, name=name)
    return len(names)


async def remove_file(job: RunningJob) -> None:
    """Remove the file of an archive."""
    await current_app.storage.delete(export_key(job.payload["name"]))


async def tidy_exports(session: AsyncSession) -> int:
    """Delete some expired archives, and mark exports whose jobs failed; the caller commits.

    Returns:
        The number of deleted archives, up to `BATCH`.
    """
    failed = (
        update(Export)
        .where(UNFINISHED_EXPORT, ~has_job(MAKE_EXPORT, "export_id", Export.id))
        .values(state=ExportState.FAILED, finished_at=func.now())
        .returning(Export.id, Export.user_id)
        .execution_options(synchronize_session=False)
    )
    ended = [ExportEnded(*row) for row in await session.execute(failed)]
    for event in ended:
        user = await session.get_one(User, event.user_id)
        await _send_mail(session, user, "export_failed")
    await record(session, *ended)
    old = select(Export.id).where(Export.finished_at < func.now() - KEPT_FOR).limit(BATCH)
    return await remove_exports(session, Export.id.in_(old))


async def remove_orphans(_job: RunningJob) -> None:
    """Remove archives that no longer have a row, such as those built after the backup that was
    restored. No downloadable archive is that old."""
    await delete_old(current_app.storage, FOLDER, now() - KEPT_FOR - ORPHANED_FOR)


MAKE_EXPORT = JobKind(
    "make_export",
    make_archive,
    seconds=LONGEST_SECONDS,
    pauses=SHORT_PAUSES,
)
REMOVE_EXPORT = JobKind("remove_export", remove_file)
SWEEP_EXPORTS = JobKind("sweep_exports", remove_orphans, at_once=1, every=timedelta(days=1))
TIDY_EXPORTS = cleaning_job("tidy_exports", tidy_exports, every=timedelta(minutes=10))
