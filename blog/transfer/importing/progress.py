"""Save the progress of an import. Each function is one transaction."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.events.handlers import record
from blog.core.i18n import lazy_gettext, using_language
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.queue import has_job
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.core.web.languages import language_for
from blog.mail import outbox
from blog.models import ImportRemark, ImportState, PostImport, User
from blog.models.account_deletion import not_deleted
from blog.transfer.importing.batch import Batch, Remark
from blog.transfer.importing.events import ImportEnded
from blog.transfer.importing.post import Entry, SourceError
from blog.transfer.importing.processes import ReadItems
from blog.transfer.importing.report import summary
from blog.transfer.importing.uploads import remove_upload
from blog.transfer.importing.writer import Writer

RUNNING = (ImportState.CHECKING, ImportState.IMPORTING)
# After this long, people have left the page, so they get an email.
MAIL_AFTER_SECONDS = 60
LONGEST_NAME, LONGEST_REMARK = 200, 2000

# Each costs half a minute.
MOST_UNREADABLE = 20
TOO_SLOW = lazy_gettext("Reading too many of its items takes too long or too much memory.")
GAVE_UP = lazy_gettext(
    "Something went wrong on our side. We still have your file, so you can try again. What has "
    "been imported isn't added twice."
)


class StoppedError(Exception):
    """The import was cancelled, or another worker has taken it over."""


async def load_running(session: AsyncSession, import_id: int) -> PostImport | None:
    """Load an import; `None` if it is finished or deleted, or its owner may not use the site."""
    return await session.scalar(
        select(PostImport)
        .join(User, User.id == PostImport.owner_id)
        .where(PostImport.id == import_id, PostImport.state.in_(RUNNING))
        .where(not_deleted(User.id), User.disabled_at.is_(None))
        .where(or_(User.paused_until.is_(None), User.paused_until <= now()))
    )


async def save_start(
    session: AsyncSession, import_id: int, kind: str, refused: Sequence[Entry]
) -> None:
    """Save the kind of a source, and which of its files won't be read.

    Raises:
        StoppedError: nothing was written.
    """
    row = await _lock(session, import_id, 0)
    row.kind = kind
    remarks = [Remark(each.name, text, True) for each in refused for text in each.remarks]
    row.counts = {"left_out": len(refused)}
    await session.execute(delete(ImportRemark).where(ImportRemark.import_id == import_id))
    await _add_remarks(session, import_id, remarks)
    await session.commit()


async def save_batch(
    session: AsyncSession,
    row: PostImport,
    writer: Writer,
    position: int,
    step: tuple[ReadItems, Batch],
) -> None:
    """Add the posts of a batch, and save the progress.

    Args:
        row: the import, as it was when this run started.
        position: the number of items read before this batch.
        step: the items as read, and the batch prepared from them.

    Raises:
        StoppedError: nothing was written.
        SourceError: nothing was written, because too many items have timed out.
    """
    found, batch = step
    present = await _lock(session, row.id, position)
    # Moderators may have paused or disabled the owner since this run started.
    if present.state != row.state or await load_running(session, row.id) is None:
        raise StoppedError
    counts, further = await writer.write(session, batch)
    await mark(session, SITE)
    present.position = found.position
    present.counts = dict(Counter(present.counts) + counts)
    if present.counts.get("unreadable", 0) >= MOST_UNREADABLE:
        raise SourceError(TOO_SLOW)
    await _add_remarks(session, row.id, [*batch.remarks, *further])
    if found.is_end:
        await _finish(session, present)
    await session.commit()


async def save_failure(session: AsyncSession, import_id: int, reason: str) -> None:
    """Mark an import as failed because nothing in its source can be imported."""
    row = await session.get(PostImport, import_id, with_for_update=True)
    if row is not None and row.state in RUNNING:
        row.state, row.failure, row.ended_at = ImportState.FAILED, reason, func.now()
        await remove_upload(session, row)
        await record(session, ImportEnded(import_id, row.owner_id))
    await session.commit()


async def mark_failures(session: AsyncSession, kind: JobKind) -> None:
    """Mark running imports that no longer have a job as failed; the caller commits. Their owners
    may try again: uploads and progress are preserved.
    """
    no_job = ~has_job(kind, "import_id", PostImport.id)
    given_up = select(PostImport).where(PostImport.state.in_(RUNNING), no_job)
    for row in await session.scalars(given_up.with_for_update(skip_locked=True)):
        owner = await session.get_one(User, row.owner_id)
        with using_language(language_for(owner.interface_language)):
            row.failure = str(GAVE_UP)
        row.state, row.ended_at = ImportState.FAILED, func.now()
        await outbox.put(session, to=owner, message="import_failed", user=owner, failed=row)
        await record(session, ImportEnded(row.id, row.owner_id))


async def _lock(session: AsyncSession, import_id: int, position: int) -> PostImport:
    row = await session.get(PostImport, import_id, with_for_update=True)
    if row is None or row.state not in RUNNING or row.position != position:
        raise StoppedError
    return row


async def _add_remarks(session: AsyncSession, import_id: int, remarks: Sequence[Remark]) -> None:
    rows: list[dict[str, Any]] = [
        {"import_id": import_id, "item": each.item[:LONGEST_NAME] or "?",
         "remark": each.text[:LONGEST_REMARK], "is_left_out": each.is_left_out}
        for each in remarks
    ]  # fmt: skip
    if rows:
        await session.execute(insert(ImportRemark), rows)


async def _finish(session: AsyncSession, row: PostImport) -> None:
    """Complete a check, whose owner is then asked to confirm, or an import."""
    row.total = row.position
    if row.state == ImportState.CHECKING:
        row.state = ImportState.CHECKED
        return
    row.state = ImportState.DONE
    await remove_upload(session, row)
    await record(session, ImportEnded(row.id, row.owner_id))
    row.ended_at = (await session.scalars(select(func.clock_timestamp()))).one()
    started_at = row.started_at or row.ended_at
    if (row.ended_at - started_at).total_seconds() >= MAIL_AFTER_SECONDS:
        owner = await session.get_one(User, row.owner_id)
        with using_language(language_for(owner.interface_language)):
            lines = summary(row.counts)
        await outbox.put(
            session, to=owner, message="import_done", user=owner, done=row, summary=lines
        )
