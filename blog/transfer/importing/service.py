"""What people do with imports. Each function is one action in one transaction."""

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.errors import LimitReachedError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.models import ImportRemark, ImportState, PostImport
from blog.models.post_import import UNFINISHED
from blog.transfer.importing.jobs import enqueue_import
from blog.transfer.importing.uploads import remove_upload

IS_RUNNING = lazy_gettext("You have an unfinished import. Please finish or cancel it first.")
IS_GONE = lazy_gettext("This import no longer exists.")


async def begin(session: AsyncSession, owner_id: int, file_name: str, upload: str) -> None:
    """Add an import, and enqueue its check.

    Args:
        file_name: the name of the file on its owner's computer.
        upload: the name of the stored upload (`uploads.upload_key`).

    Raises:
        LimitReachedError: they have another unfinished import.
    """
    # A failed import can no longer be retried once there is a new one.
    failed = (PostImport.owner_id == owner_id, PostImport.state == ImportState.FAILED)
    for row in await session.scalars(select(PostImport).where(*failed).with_for_update()):
        await remove_upload(session, row)
    new = insert(PostImport).values(
        owner_id=owner_id, state=ImportState.CHECKING, file_name=file_name, upload=upload
    )
    added = new.on_conflict_do_nothing(index_elements=["owner_id"], index_where=UNFINISHED)
    import_id = await session.scalar(added.returning(PostImport.id))
    if import_id is None:
        raise LimitReachedError({"file": IS_RUNNING})
    await enqueue_import(session, import_id)
    await session.commit()


async def confirm(session: AsyncSession, owner_id: int, import_id: int) -> None:
    """Enqueue the import of a checked file. Confirming it again changes nothing.

    Raises:
        NotFoundError: the import doesn't exist or isn't theirs.
    """
    row = await _lock_own(session, owner_id, import_id)
    if row.state == ImportState.CHECKED:
        # The file is read again, which adds the remarks about what is really imported.
        await session.execute(delete(ImportRemark).where(ImportRemark.import_id == import_id))
        row.state, row.started_at = ImportState.IMPORTING, func.now()
        row.position, row.counts = 0, {}
        await enqueue_import(session, import_id)
    await session.commit()


async def retry(session: AsyncSession, owner_id: int, import_id: int) -> None:
    """Resume a failed import. Retrying it again changes nothing.

    Raises:
        NotFoundError: the import doesn't exist or isn't theirs.
        LimitReachedError: they have another unfinished import.
    """
    row = await _lock_own(session, owner_id, import_id)
    if row.can_be_retried:
        row.state = ImportState.IMPORTING if row.started_at else ImportState.CHECKING
        row.failure = row.ended_at = None
        try:
            await session.flush()
        except IntegrityError:
            raise LimitReachedError({"": IS_RUNNING}) from None
        await enqueue_import(session, import_id)
    await session.commit()


async def cancel(session: AsyncSession, owner_id: int, import_id: int) -> None:
    """Cancel an import. Posts that it has already added stay.

    Raises:
        NotFoundError: the import doesn't exist or isn't theirs.
    """
    row = await _lock_own(session, owner_id, import_id)
    if not row.is_finished:
        row.state, row.ended_at = ImportState.CANCELLED, func.now()
        await remove_upload(session, row)
    await session.commit()


async def _lock_own(session: AsyncSession, owner_id: int, import_id: int) -> PostImport:
    row = await session.get(PostImport, import_id, with_for_update=True)
    if row is None or row.owner_id != owner_id:
        raise NotFoundError(IS_GONE)
    return row
