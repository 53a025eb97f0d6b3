"""The uploads of imports: objects of the storage that are deleted once they are not needed."""

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
    """Let a job delete the upload of an import that is finished; the caller commits."""
    if row.upload is not None:
        await _remove_later(session, [row.upload])
        row.upload = None


async def remove_imports(session: AsyncSession, which: ColumnElement[bool]) -> int:
    """Delete imports with their reports and uploads; the caller commits.

    Returns:
        How many there were.
    """
    removed = delete(PostImport).where(which).returning(PostImport.upload)
    rows = await session.scalars(removed.execution_options(synchronize_session=False))
    uploads = rows.all()
    await _remove_later(session, [name for name in uploads if name])
    return len(uploads)


async def _remove_later(session: AsyncSession, names: Sequence[str]) -> None:
    for name in names:
        await enqueue(session, REMOVE_IMPORT_UPLOAD, key=name, name=name)


async def sweep(job: RunningJob) -> None:
    """Delete uploads of processes that died before they could record them."""

    async def recorded(names: Collection[str]) -> Collection[str]:
        async with job.database.reading_session() as session:
            found = select(PostImport.upload).where(PostImport.upload.in_(names))
            return {name for name in await session.scalars(found) if name is not None}

    await delete_old(current_app.storage, FOLDER, now() - ABANDONED_AFTER, recorded)


SWEEP_IMPORT_UPLOADS = JobKind("sweep_import_uploads", sweep, at_once=1, every=timedelta(days=1))
