"""The jobs of imports."""

import time
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import SOURCE, current_language, lazy_gettext, using_language
from blog.core.jobs.cleaning import cleaning_job
from blog.core.jobs.kinds import SHORT_PAUSES, JobKind, TryLaterError
from blog.core.jobs.queue import enqueue
from blog.core.jobs.running import RunningJob
from blog.core.storage.interface import NoSuchObjectError
from blog.core.text.process_pool import OverloadedError
from blog.core.web.app import current_app
from blog.media.scratch import scratch_folder, write
from blog.models import ImportState, PostImport
from blog.transfer.importing import progress
from blog.transfer.importing.batches import batches
from blog.transfer.importing.post import SourceError
from blog.transfer.importing.processes import SourceReader
from blog.transfer.importing.progress import StoppedError
from blog.transfer.importing.uploads import remove_imports, remove_upload, upload_key
from blog.transfer.importing.writer import Writer

# How long a run may take before it yields to other jobs.
RUN_SECONDS = 120.0
# A batch may have many images.
LONGEST_RUN = 3600.0
KEPT_FOR = timedelta(days=30)
CONFIRMED_WITHIN = timedelta(days=7)
# An import may have many remarks to delete.
TIDIED_AT_ONCE = 10

IS_GONE = lazy_gettext("The file you uploaded no longer exists. Please upload it again.")


async def import_posts(job: RunningJob) -> None:
    """Check or import an upload, depending on the state of its row.

    Each batch is a transaction that also saves the position, so a run may be killed at any point.
    Remarks are in the language of the page on which the import was started.
    """
    with using_language(job.payload.get("language", SOURCE)):
        await _run_import(job, job.payload["import_id"])


async def _run_import(job: RunningJob, import_id: int) -> None:
    async with job.database.reading_session() as session:
        row = await progress.load_running(session, import_id)
    if row is None or row.upload is None:
        return
    try:
        is_done = await _import_batches(job, row, row.upload)
    except SourceError as error:
        async with job.database.session() as session:
            await progress.save_failure(session, import_id, str(error))
    except OverloadedError as error:
        raise TryLaterError(str(error)) from None
    except StoppedError:
        return
    else:
        if not is_done:
            await job.requeue()


async def _import_batches(job: RunningJob, row: PostImport, upload: str) -> bool:
    """Process batches until the end of the source or of this run.

    Returns:
        Whether the whole source has been read.
    """
    end = time.monotonic() + RUN_SECONDS
    async with scratch_folder() as folder:
        path = folder / "upload"
        await _fetch(upload, path)
        async with SourceReader(path) as reading:
            if row.position == 0:
                kind, refused = await reading.begin()
                async with job.database.session() as session:
                    await progress.save_start(session, row.id, kind, refused)
            is_trial = row.state == ImportState.CHECKING
            writer = Writer(reading, row.owner_id, is_trial=is_trial)
            position = row.position
            async with aclosing(batches(reading, writer, position)) as steps:
                async for step in steps:
                    async with job.database.session() as session:
                        await progress.save_batch(session, row, writer, position, step)
                    position = step[0].position
                    if step[0].is_end:
                        return True
                    if time.monotonic() > end or job.stopping.is_set():
                        return False
    return False


async def _fetch(upload: str, path: Path) -> None:
    try:
        await write(path, current_app.storage.read(upload_key(upload)))
    except NoSuchObjectError:
        raise SourceError(IS_GONE) from None


IMPORT_POSTS = JobKind("import_posts", import_posts, seconds=LONGEST_RUN, pauses=SHORT_PAUSES)


async def enqueue_import(session: AsyncSession, import_id: int) -> None:
    """Enqueue the job for an import, in the current language; the caller commits."""
    await enqueue(
        session,
        IMPORT_POSTS,
        key=f"import {import_id}",
        import_id=import_id,
        language=current_language(),
    )


async def tidy_imports(session: AsyncSession) -> int:
    """Mark imports whose jobs failed, delete some old reports, and give up some imports that nobody
    confirmed or retried; the caller commits.

    Returns:
        The number of imports, up to `TIDIED_AT_ONCE`.
    """
    await progress.mark_failures(session, IMPORT_POSTS)
    old = select(PostImport.id).where(PostImport.created_at < func.now() - KEPT_FOR)
    some = old.limit(TIDIED_AT_ONCE).with_for_update(skip_locked=True)
    if number := await remove_imports(session, PostImport.id.in_(some)):
        return number
    abandoned = (
        select(PostImport)
        .where(
            PostImport.state.in_([ImportState.CHECKED, ImportState.FAILED]),
            PostImport.upload.is_not(None),
            PostImport.created_at < func.now() - CONFIRMED_WITHIN,
        )
        .limit(TIDIED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.scalars(abandoned)).all()
    for row in rows:
        if row.state == ImportState.CHECKED:
            row.state, row.ended_at = ImportState.CANCELLED, func.now()
        await remove_upload(session, row)
    return len(rows)


TIDY_IMPORTS = cleaning_job("tidy_imports", tidy_imports, every=timedelta(minutes=5))
