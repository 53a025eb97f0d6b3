"""Deletion of expired rows in batches."""

from typing import Any, cast

from sqlalchemy import CursorResult, Delete
from sqlalchemy.ext.asyncio import AsyncSession

# The maximum number of rows per transaction.
BATCH = 1000


async def delete_rows(session: AsyncSession, statement: Delete) -> int:
    """Delete rows; returns their number."""
    statement = statement.execution_options(synchronize_session=False)
    return cast(CursorResult[Any], await session.execute(statement)).rowcount
