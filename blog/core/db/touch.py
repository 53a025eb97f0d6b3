"""Writing down when something was used last, at a cost that no request feels."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from blog.core.clock import now

PAUSE = timedelta(minutes=1)


def is_due(noted: datetime | None) -> bool:
    """Whether it is long enough ago that a use was `noted`, if one ever was.

    Most requests find in the row that was loaded anyway that it is too early.
    """
    return noted is None or now() - noted >= PAUSE


async def note_now(
    session: AsyncSession,
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    row_id: int,
    **further: object,
) -> None:
    """Set a time of a row to the present, unless another request has just done so.

    A row that somebody else has locked is left alone: no request waits for that. It is one
    statement, which needs no transaction; in a session that has one, the caller commits.

    Args:
        session: where to execute it.
        column: which time of which table.
        row_id: which row.
        further: what else to set then.
    """
    table: Any = column.class_
    moment = now()
    due = (
        select(table.id)
        .where(table.id == row_id, func.coalesce(column <= moment - PAUSE, True))
        .with_for_update(key_share=True, skip_locked=True)
        .scalar_subquery()
    )
    await session.execute(
        update(table)
        .where(table.id == due)
        .values({column.key: moment, **further})
        .execution_options(synchronize_session=False)
    )
