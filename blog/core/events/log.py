"""Reading the log of events from any point, without missing what is committed late.

An event has its number long before others see it. A reader who had seen number 12 and asked for
what comes after it would miss number 11, whose transaction was still open. So the log is in the
order of the transactions, and is read up to the oldest one that is still open: nothing can come
to be before a place that was read (PostgreSQL, "Transaction ID and Snapshot Information
Functions"). A transaction that stays open holds readers up, for as long as
`IDLE_IN_TRANSACTION_TIMEOUT` lets it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Self

from sqlalchemy import BigInteger, String, cast, delete, func, literal, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.deleting import BATCH, deleted
from blog.models import LoggedEvent

KEPT_FOR = timedelta(days=30)

_OLDEST_OPEN = cast(cast(func.pg_snapshot_xmin(func.pg_current_snapshot()), String), BigInteger)
# Numbers of transactions begin anew in another server. What it has not given out yet, and sees
# nevertheless, comes from a backup of another one.
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
    """A place in the log; as text it is such as `7310-152`."""

    transaction: int
    id: int

    @classmethod
    def parse(cls, value: str) -> Self:
        """The position that `str()` has written so.

        Raises:
            ValueError: it is none.
        """
        transaction, _, event = value.rpartition("-")
        return cls(int(transaction), int(event))

    def __str__(self) -> str:
        return f"{self.transaction}-{self.id}"


class Entry(NamedTuple):
    """An event as the log has it: also one of a class that this version does not know."""

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
    """The next events of the log. Whoever goes on from the last one gets every event once.

    Args:
        after: the last event that was read; `None` begins with the oldest.
        limit: how many at most.
    """
    statement = _READ.where(LoggedEvent.transaction < _OLDEST_OPEN).limit(limit)
    if after is not None:
        statement = statement.where(tuple_(*map(literal, after)) < _BY_POSITION)
    rows = await session.execute(statement)
    return [Entry(Position(*row[:2]), *row[2:]) for row in rows]


async def end(session: AsyncSession) -> Position:
    """The position from which a reader gets only what is committed from now on."""
    return Position(await session.scalar(select(_OLDEST_OPEN)) or 0, 0)


async def delete_old(session: AsyncSession) -> int:
    """Delete some events that are older than `KEPT_FOR`; the caller commits.

    Returns:
        How many it were, up to `deleting.BATCH`.
    """
    oldest = (
        select(LoggedEvent.transaction, LoggedEvent.id, LoggedEvent.created_at)
        .order_by(LoggedEvent.transaction, LoggedEvent.id)
        .limit(BATCH)
        .subquery()
    )
    return await deleted(
        session,
        delete(LoggedEvent).where(
            LoggedEvent.transaction == oldest.c.transaction,
            LoggedEvent.id == oldest.c.id,
            oldest.c.created_at < func.now() - KEPT_FOR,
        ),
    )


async def adopt(session: AsyncSession) -> None:
    """After a backup of another server was restored, put its events before all that are to come.

    Their order stays; nothing is done to a log that is this server's own. The caller commits.
    """
    await session.execute(_ADOPT)
