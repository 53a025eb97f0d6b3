"""Sessions and API tokens that have expired make room in passing."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.models import ApiToken, LoginSession

OLD_ROWS_AT_A_TIME = 20


async def delete_some_expired(
    session: AsyncSession, table: type[LoginSession] | type[ApiToken]
) -> None:
    """Delete a few rows that have expired, whosever they are; the caller commits.

    Whatever adds a row to such a table calls this, so that the table does not grow.
    """
    expired = (
        select(table.id)
        .where(table.expires_at <= now())
        .order_by(table.expires_at)
        .limit(OLD_ROWS_AT_A_TIME)
        .with_for_update(skip_locked=True)
    )
    await session.execute(delete(table).where(table.id.in_(expired.scalar_subquery())))
