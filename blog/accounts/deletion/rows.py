"""Reading, locking and deleting rows of a deleted account, some at a time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import NotificationItem

ROWS_AT_ONCE = 100


async def find_ids(session: AsyncSession, ids: Select[int]) -> Sequence[int]:
    """The ids that a query finds."""
    return (await session.scalars(ids)).all()


async def lock(session: AsyncSession, table: Any, condition: ColumnElement[bool]) -> None:
    """Lock rows in the order of their ids, to avoid deadlocks."""
    await session.execute(
        select(table.id).where(condition).order_by(table.id).with_for_update(key_share=True)
    )


async def delete_where(session: AsyncSession, table: Any, condition: ColumnElement[bool]) -> None:
    """Delete the rows that meet a condition."""
    await session.execute(
        delete(table).where(condition).execution_options(synchronize_session=False)
    )


async def delete_items(session: AsyncSession, condition: ColumnElement[bool]) -> bool:
    """Delete some items of notifications; returns whether there were any."""
    items = await find_ids(
        session, select(NotificationItem.id).where(condition).limit(ROWS_AT_ONCE)
    )
    if items:
        await delete_where(session, NotificationItem, NotificationItem.id.in_(items))
    return bool(items)
