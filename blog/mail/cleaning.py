"""Deleting old mails, and records of addresses that were refused long ago."""

from datetime import timedelta

from sqlalchemy import delete, func, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.deleting import BATCH, delete_rows
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.models import Email, EmailState, RefusedAddress

KEPT_FOR = timedelta(days=30)
REFUSALS_KEPT_FOR = timedelta(days=180)


async def delete_old_mails(session: AsyncSession) -> int:
    """Delete a batch of messages that were finished `KEPT_FOR` ago; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    old = (
        select(Email.id)
        .where(
            Email.state.in_([EmailState.SENT, EmailState.FAILED]),
            # The first column is in the index, the second is when the message was finished.
            Email.created_at < func.now() - literal(KEPT_FOR),
            Email.due_at < func.now() - literal(KEPT_FOR),
        )
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return await delete_rows(session, delete(Email).where(Email.id == old.c.id))


async def delete_old_refusals(session: AsyncSession) -> int:
    """Delete a batch of refused addresses whose last refusal was `REFUSALS_KEPT_FOR` ago, so that
    they get mails again; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    old = (
        select(RefusedAddress.address)
        .where(RefusedAddress.refused_at < func.now() - literal(REFUSALS_KEPT_FOR))
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return await delete_rows(
        session, delete(RefusedAddress).where(RefusedAddress.address == old.c.address)
    )


DELETE_OLD_MAILS = cleaning_job("delete_old_mails", delete_old_mails, every=HOUR)
DELETE_OLD_REFUSALS = cleaning_job("delete_old_refusals", delete_old_refusals, every=HOUR)
