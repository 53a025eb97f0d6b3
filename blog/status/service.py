"""Recording when a component of the site doesn't work."""

from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.deleting import BATCH, delete_rows
from blog.models import Component, Incident

KEPT_FOR = timedelta(days=400)


async def record_state(
    session: AsyncSession, component: Component, failing_since: datetime | None
) -> None:
    """Record whether a component works; the caller commits.

    Args:
        session: the transaction.
        component: the component.
        failing_since: since when it has not worked; `None` if it works.
    """
    is_open = (Incident.component == component) & Incident.ended_at.is_(None)
    if failing_since is None:
        ended = update(Incident).where(is_open).values(ended_at=func.now())
        await session.execute(ended.execution_options(synchronize_session=False))
    elif await session.scalar(select(Incident.id).where(is_open)) is None:
        begun = insert(Incident).values(component=component, began_at=failing_since)
        await session.execute(begun.on_conflict_do_nothing())


async def delete_old_incidents(session: AsyncSession) -> int:
    """Delete a batch of old incidents; the caller commits.

    Returns:
        How many were deleted.
    """
    old = select(Incident.id).where(Incident.began_at < now() - KEPT_FOR).limit(BATCH)
    return await delete_rows(
        session, delete(Incident).where(Incident.id.in_(old.scalar_subquery()))
    )
