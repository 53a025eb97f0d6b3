"""Read the event log from any position, without missing events that are committed late.

An event gets its number long before it is committed. A reader who has seen number 12 and asks for
later events would miss number 11 if its transaction was still open. So the log is ordered by
transaction, and read only up to the oldest open one: nothing can appear before a position that has
been read (PostgreSQL, "Transaction ID and Snapshot Information Functions"). An open transaction
delays readers for at most `IDLE_IN_TRANSACTION_TIMEOUT`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from sqlalchemy import BigInteger, String, cast, delete, func, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.deleting import BATCH, delete_rows
from blog.models import LoggedEvent

KEPT_FOR = timedelta(days=30)

_OLDEST_OPEN = cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), String), BigInteger)
# On another server, transaction ids start from the beginning. An id that this server has not
# assigned yet comes from another server's backup.
_ADOPT = text("""
    UPDATE events SET transaction = transaction - newest + oldest_open - 1
    FROM (SELECT max(transaction) AS newest FROM events) AS log, (
        SELECT pg_snapshot_xmin(snapshot)::text::bigint AS oldest_open,
            pg_snapshot_xmax(snapshot)::text::bigint AS next
        FROM pg_current_snapshot() AS snapshot
    ) AS server
    WHERE newest >= next
""")


class Position(NamedTuple):
    """A position in the log; as text, for example `7310-152`."""

    transaction: int
    id: int

    @classmethod
    def parse(cls, value: str) -> Self:
        """Parse the output of `str()`.

        Raises:
            ValueError: it is not a position.
        """
        transaction, _, event = value.rpartition("-")
        return cls(int(transaction), int(event))

    def __str__(self) -> str:
        return f"{self.transaction}-{self.id}"


class Entry(NamedTuple):
    """An event in the log; its class may be unknown to this version."""

    position: Position
    created_at: datetime
    kind: str
    payload: dict[str, Any]


_BY_POSITION = tuple_(LoggedEvent.transaction, LoggedEvent.id)
_READ = select(
    LoggedEvent.transaction,
    LoggedEvent.id,
    LoggedEvent.created_at,
    LoggedEvent.kind,
    LoggedEvent.payload,
).order_by(LoggedEvent.transaction, LoggedEvent.id)


async def read(session: AsyncSession, after: Position | None, limit: int) -> Sequence[Entry]:
    """Read the next events. A reader who always continues from the last one gets each event once.

    Args:
        after: the position of the last event read; `None` starts with the oldest event.
        limit: the maximum number.
    """
    statement = _READ.where(LoggedEvent.transaction < _OLDEST_OPEN).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(*map(literal, after)) < _BY_POSITION)
    rows = await session.execute(statement)
    return [Entry(Position(*row[:2]), *row[2:]) for row in rows]


async def end(session: AsyncSession) -> Position:
    """The position after which a reader gets only events that are committed from now on."""
    return Position(await session.scalar(select(_OLDEST_OPEN)) or 0, 0)


async def delete_old(session: AsyncSession) -> int:
    """Delete a batch of events older than `KEPT_FOR`; the caller commits.

    Returns:
        The number of deleted rows, at most `deleting.BATCH`.
    """
    oldest = (
        select(LoggedEvent.transaction, LoggedEvent.id, LoggedEvent.created_at)
        .order_by(LoggedEvent.transaction, LoggedEvent.id)
        .limit(BATCH)
        .subquery()
    )
    return await delete_rows(
        session,
        delete(LoggedEvent).where(
            LoggedEvent.transaction == oldest.c.transaction,
            LoggedEvent.id == oldest.c.id,
            oldest.c.created_at < func.now() - KEPT_FOR,
        ),
    )


async def adopt(session: AsyncSession) -> None:
    """After restoring a backup of another server, move its events before all future ones.

    Their order is kept. The log of this server itself is not changed. The caller commits.
    """
    await session.execute(_ADOPT)
