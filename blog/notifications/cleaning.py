"""Delete old notifications."""

from datetime import timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.deleting import BATCH, delete_rows
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.models import Notification

# How long notifications are kept after they were read, and if they never are.
KEPT_FOR = timedelta(days=90)
KEPT_UNREAD_FOR = timedelta(days=365)


async def delete_old(session: AsyncSession) -> int:
    """Delete some old notifications; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    number = await _delete_batch(session, Notification.read_at < func.now() - KEPT_FOR)
    if number == BATCH:
        return number
    is_unread = Notification.read_at.is_(None)
    is_old = Notification.created_at < func.now() - KEPT_UNREAD_FOR
    return await _delete_batch(session, is_unread, is_old)


async def _delete_batch(session: AsyncSession, *conditions: ColumnElement[bool]) -> int:
    batch = select(Notification.id).where(*conditions).limit(BATCH)
    old = batch.with_for_update(skip_locked=True).cte("old")
    return await delete_rows(session, delete(Notification).where(Notification.id == old.c.id))


DELETE_OLD_NOTIFICATIONS = cleaning_job("delete_old_notifications", delete_old, every=HOUR)
