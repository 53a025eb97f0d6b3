"""Delete expired sessions, API tokens, trusted browsers and used challenges."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.deleting import BATCH, deleted
from blog.models import ApiToken, LoginSession, TrustedBrowser, UsedChallenge


async def delete_expired(
    session: AsyncSession,
    table: type[LoginSession] | type[ApiToken] | type[TrustedBrowser] | type[UsedChallenge],
) -> int:
    """Delete a batch of expired rows; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    (key,) = table.__mapper__.primary_key
    expired = (
        select(key)
        .where(table.expires_at <= now())
        .order_by(table.expires_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    return await deleted(session, delete(table).where(key.in_(expired.scalar_subquery())))
