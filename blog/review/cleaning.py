"""Deleting old decisions."""

from datetime import timedelta

from sqlalchemy import and_, delete, func, not_, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.deleting import BATCH, delete_rows
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.models import HeldItem, HeldKind

# As long as a bulk action can be undone.
KEPT = timedelta(days=30)
# These are kept, so that a post that was unpublished for a while is not held again.
_APPROVED_POST = and_(HeldItem.kind == HeldKind.POST, HeldItem.is_approved.is_(True))


async def delete_old(session: AsyncSession) -> int:
    """Delete some old decisions; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    old = (
        select(HeldItem.id)
        .where(HeldItem.decided_at < func.now() - KEPT, not_(_APPROVED_POST))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return await delete_rows(session, delete(HeldItem).where(HeldItem.id == old.c.id))


DELETE_OLD_DECISIONS = cleaning_job("delete_old_decisions", delete_old, every=HOUR)
