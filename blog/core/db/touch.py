"""Record when something was last used, at most once a minute."""

from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import CursorResult, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from blog.core.clock import now

PAUSE = timedelta(minutes=1)


def is_stale(recorded: datetime | None) -> bool:
    """Whether the recorded time is missing or older than a minute.

    Most requests can tell from a row that they load anyway, and need no update.
    """
    return recorded is None or now() - recorded >= PAUSE


async def touch(
    session: AsyncSession,
    column: InstrumentedAttribute[datetime] | InstrumentedAttribute[datetime | None],
    row_id: int,
    **further: object,
) -> bool:
    """Set a timestamp of a row to now, unless another request has just done so.

    A locked row is skipped, so no request waits. This is a single statement, which needs no
    transaction; if the session has one, the caller commits.

    Args:
        session: executes the statement.
        column: the timestamp column.
        row_id: the row.
        further: further columns to set.

    Returns:
        Whether this request has set it.
    """
    table: Any = column.class_
    time = now()
    due = (
        select(table.id)
        .where(table.id == row_id, func.coalesce(column <= time - PAUSE, True))
        .with_for_update(key_share=True, skip_locked=True)
        .scalar_subquery()
    )
    result = await session.execute(
        update(table)
        .where(table.id == due)
        .values({column.key: time, **further})
        .execution_options(synchronize_session=False)
    )
    return cast(CursorResult[Any], result).rowcount > 0
