"""The jobs of imports."""

import time
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import SOURCE, current_language, lazy_gettext, using_language
from blog.core.jobs.cleaning import cleaning
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
from blog.transfer.importing.processes import Reading
from blog.transfer.importing.progress import StoppedError
from blog.transfer.importing.uploads import remove_imports, remove_upload, upload_key
from blog.transfer.importing.writer import Writer

# How long a run may take before it lets other jobs have their turn.
RUN_SECONDS = 120.0
# A batch may have many images.
LONGEST_RUN = 3600.0
KEPT = timedelta(days=30)
CONFIRMED_WITHIN = timedelta(days=7)
# Each may have many remarks.
TIDIED_AT_ONCE = 10

IS_GONE = lazy_gettext("The file you uploaded no longer exists. Please upload it again.")


async def import_posts(job: RunningJob) -> None:
    """Read an upload, without writing a post or with it, as its row says.

    A batch is a transaction that also says how far the import has come, so a run may be ended at
    any point. What it remarks is in the language of the page on which it was begun.
    """
    with using_language(job.payload.get("language", SOURCE)):
        await _import(job, job.payload["import_id"])


async def _import(job: RunningJob, import_id: int) -> None:
    async with job.database.reading_session() as session:
        row = await progress.running(session, import_id)
    if row is None or row.upload is None:
        return
    try:
        is_done = await _work(job, row, row.upload)
    except SourceError as error:
        async with job.database.session() as session:
            await progress.failed(session, import_id, str(error))
    except OverloadedError as error:
        raise TryLaterError(str(error)) from None
    except StoppedError:
        return
    else:
        if not is_done:
            await job.go_on_later()


async def _work(job: RunningJob, row: PostImport, upload: str) -> bool:
    """Work on an import for a while.

    Returns:
        Whether all of it has been read.
    """
    end = time.monotonic() + RUN_SECONDS
    async with scratch_folder() as folder:
        path = folder / "upload"
        await _fetch(upload, path)
        async with Reading(path) as reading:
            if row.position == 0:
                kind, refused = await reading.begin()
                async with job.database.session() as session:
                    await progress.begun(session, row.id, kind, refused)
            is_trial = row.state == ImportState.CHECKING
            writer = Writer(reading, row.owner_id, is_trial=is_trial)
            position = row.position
            async with aclosing(batches(reading, writer, position)) as steps:
                async for step in steps:
                    async with job.database.session() as session:
                        await progress.written(session, row, writer, position, step)
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


async def work_on(session: AsyncSession, import_id: int) -> None:
    """Enqueue the work on an import, in the current language; the caller commits."""
    await enqueue(
        session,
        IMPORT_POSTS,
        key=f"import {import_id}",
        import_id=import_id,
        language=current_language(),
    )


async def tidy_imports(session: AsyncSession) -> int:
    """Delete some old reports, note which jobs have failed, and give up some imports that nobody
    confirms or tries again; the caller commits.

    Returns:
        How many, up to `TIDIED_AT_ONCE`.
    """
    await progress.note_failures(session, IMPORT_POSTS)
    old = select(PostImport.id).where(PostImport.created_at < func.now() - KEPT)
    some = old.limit(TIDIED_AT_ONCE).with_for_update(skip_locked=True)
    if number := await remove_imports(session, PostImport.id.in_(some)):
        return number
    forgotten = (
        select(PostImport)
        .where(
            PostImport.state.in_([ImportState.CHECKED, ImportState.FAILED]),
            PostImport.upload.is_not(None),
            PostImport.created_at < func.now() - CONFIRMED_WITHIN,
        )
        .limit(TIDIED_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.scalars(forgotten)).all()
    for row in rows:
        if row.state == ImportState.CHECKED:
            row.state, row.ended_at = ImportState.CANCELLED, func.now()
        await remove_upload(session, row)
    return len(rows)


TIDY_IMPORTS = cleaning("tidy_imports", tidy_imports, every=timedelta(minutes=5))
