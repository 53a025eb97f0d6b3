"""Delete expired sessions, API tokens, trusted browsers and used challenges."""

from functools import partial

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.deleting import BATCH, delete_rows
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.core.jobs.kinds import JobKind
from blog.models import ApiToken, LoginSession, TrustedBrowser, UsedChallenge

Expiring = LoginSession | ApiToken | TrustedBrowser | UsedChallenge


async def delete_expired(session: AsyncSession, table: type[Expiring]) -> int:
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
    return await delete_rows(session, delete(table).where(key.in_(expired.scalar_subquery())))


def _expiry_job(name: str, table: type[Expiring]) -> JobKind:
    return cleaning_job(name, partial(delete_expired, table=table), every=HOUR)


DELETE_EXPIRED_SESSIONS = _expiry_job("delete_expired_sessions", LoginSession)
DELETE_EXPIRED_TOKENS = _expiry_job("delete_expired_tokens", ApiToken)
DELETE_EXPIRED_TRUST = _expiry_job("delete_expired_trust", TrustedBrowser)
DELETE_OLD_CHALLENGES = _expiry_job("delete_old_challenges", UsedChallenge)
