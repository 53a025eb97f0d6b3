"""Deleting what is of no use any more, some rows at a time."""

from typing import Any, cast

from sqlalchemy import CursorResult, Delete
from sqlalchemy.ext.asyncio import AsyncSession

# How many rows are deleted in a transaction.
BATCH = 1000


async def deleted(session: AsyncSession, statement: Delete) -> int:
    """Delete rows; returns how many it were."""
    statement = statement.execution_options(synchronize_session=False)
    return cast(CursorResult[Any], await session.execute(statement)).rowcount
