"""Recording how far an import has come. Each function is one transaction."""

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
from blog.transfer.importing.processes import Found
from blog.transfer.importing.report import summary
from blog.transfer.importing.uploads import remove_upload
from blog.transfer.importing.writer import Writer

RUNNING = (ImportState.CHECKING, ImportState.IMPORTING)
# People who have waited longer have left the page, and get a mail.
TOLD_AFTER_SECONDS = 60
LONGEST_NAME, LONGEST_REMARK = 200, 2000

# Each has taken half a minute.
MOST_UNREADABLE = 20
TOO_SLOW = lazy_gettext("Reading too many of its items takes too long or too much memory.")
GAVE_UP = lazy_gettext(
    "Something went wrong on our side. We still have your file, so you can try again. What has "
    "been imported isn't added twice."
)


class StoppedError(Exception):
    """The import was cancelled, or another worker goes on with it."""


async def running(session: AsyncSession, import_id: int) -> PostImport | None:
    """An import that is to be worked on; `None` if it is finished, or not there any more."""
    return await session.scalar(
        select(PostImport)
        .join(User, User.id == PostImport.owner_id)
        .where(PostImport.id == import_id, PostImport.state.in_(RUNNING))
        .where(not_deleted(User.id), User.disabled_at.is_(None))
        .where(or_(User.paused_until.is_(None), User.paused_until <= now()))
    )


async def begun(session: AsyncSession, import_id: int, kind: str, refused: Sequence[Entry]) -> None:
    """Write down what a source is, and which of its files are not read.

    Raises:
        StoppedError: nothing is written.
    """
    row = await _locked(session, import_id, 0)
    row.kind = kind
    remarks = [Remark(each.name, text, True) for each in refused for text in each.remarks]
    row.counts = {"left_out": len(refused)}
    await session.execute(delete(ImportRemark).where(ImportRemark.import_id == import_id))
    await _add_remarks(session, import_id, remarks)
    await session.commit()


async def written(
    session: AsyncSession,
    row: PostImport,
    writer: Writer,
    position: int,
    step: tuple[Found, Batch],
) -> None:
    """Add the posts of a batch, together with how far the import has come.

    Args:
        row: the import, as it was when this run began.
        position: how many items had been read before.
        step: the items, and what they have become.

    Raises:
        StoppedError: nothing is written.
        SourceError: nothing is written, because too many items have used up the time for them.
    """
    found, batch = step
    present = await _locked(session, row.id, position)
    # Moderators may have paused or disabled the owner since this run began.
    if present.state != row.state or await running(session, row.id) is None:
        raise StoppedError
    counts, further = await writer.write(session, batch)
    await mark(session, SITE)
    present.position = found.position
    present.counts = dict(Counter(present.counts) + counts)
    if present.counts.get("unreadable", 0) >= MOST_UNREADABLE:
        raise SourceError(TOO_SLOW)
    await _add_remarks(session, row.id, [*batch.remarks, *further])
    if found.is_end:
        await _end(session, present)
    await session.commit()


async def failed(session: AsyncSession, import_id: int, reason: str) -> None:
    """Write down that nothing of the source can be imported."""
    row = await session.get(PostImport, import_id, with_for_update=True)
    if row is not None and row.state in RUNNING:
        row.state, row.failure, row.ended_at = ImportState.FAILED, reason, func.now()
        await remove_upload(session, row)
        await record(session, ImportEnded(import_id, row.owner_id))
    await session.commit()


async def note_failures(session: AsyncSession, kind: JobKind) -> None:
    """Write down which imports no job works on any more; the caller commits. Their owners may try
    again: the uploads stay, and so does how far they have come.
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


async def _locked(session: AsyncSession, import_id: int, position: int) -> PostImport:
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


async def _end(session: AsyncSession, row: PostImport) -> None:
    """All has been read: the owner is asked, or told."""
    row.total = row.position
    if row.state == ImportState.CHECKING:
        row.state = ImportState.CHECKED
        return
    row.state = ImportState.DONE
    await remove_upload(session, row)
    await record(session, ImportEnded(row.id, row.owner_id))
    row.ended_at = (await session.scalars(select(func.clock_timestamp()))).one()
    started_at = row.started_at or row.ended_at
    if (row.ended_at - started_at).total_seconds() >= TOLD_AFTER_SECONDS:
        owner = await session.get_one(User, row.owner_id)
        with using_language(language_for(owner.interface_language)):
            lines = summary(row.counts)
        await outbox.put(
            session, to=owner, message="import_done", user=owner, done=row, summary=lines
        )
