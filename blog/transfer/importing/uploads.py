"""The uploads of imports: stored objects that are deleted once they're not needed."""

from collections.abc import Collection, Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.queue import enqueue
from blog.core.jobs.running import RunningJob
from blog.core.storage.sweeping import delete_old
from blog.core.web.app import current_app
from blog.models import PostImport

FOLDER = "imports"
# Longer than any upload takes.
ABANDONED_AFTER = timedelta(days=1)


def upload_key(name: str) -> str:
    """The key of an upload."""
    return f"{FOLDER}/{name[:2]}/{name}.bin"


async def remove(job: RunningJob) -> None:
    """Delete an upload."""
    await current_app.storage.delete(upload_key(job.payload["name"]))


REMOVE_IMPORT_UPLOAD = JobKind("remove_import_upload", remove)


async def remove_upload(session: AsyncSession, row: PostImport) -> None:
    """Enqueue the deletion of a finished import's upload; the caller commits."""
    if row.upload is not None:
        await _enqueue_removal(session, [row.upload])
        row.upload = None


async def remove_imports(session: AsyncSession, which: ColumnElement[bool]) -> int:
    """Delete imports with their reports and uploads; the caller commits.

    Returns:
        The number of deleted imports.
    """
    removed = delete(PostImport).where(which).returning(PostImport.upload)
    rows = await session.scalars(removed.execution_options(synchronize_session=False))
    uploads = rows.all()
    await _enqueue_removal(session, [name for name in uploads if name])
    return len(uploads)


async def _enqueue_removal(session: AsyncSession, names: Sequence[str]) -> None:
    for name in names:
        await enqueue(session, REMOVE_IMPORT_UPLOAD, key=name, name=name)


async def sweep(job: RunningJob) -> None:
    """Delete uploads whose process died before adding an import."""

    async def find_recorded(names: Collection[str]) -> Collection[str]:
        async with job.database.reading_session() as session:
            statement = select(PostImport.upload).where(PostImport.upload.in_(names))
            return {name for name in await session.scalars(statement) if name is not None}

    await delete_old(current_app.storage, FOLDER, now() - ABANDONED_AFTER, find_recorded)


SWEEP_IMPORT_UPLOADS = JobKind("sweep_import_uploads", sweep, at_once=1, every=timedelta(days=1))
