"""The outbox as the workers see it: claiming messages and recording what became of them.

Each function is a short transaction of its own. Times are the database's, so that workers on
several machines need not agree on the time.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Interval,
    Update,
    any_,
    bindparam,
    case,
    delete,
    extract,
    func,
    literal,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from blog.core.db.database import Database
from blog.core.db.deleting import BATCH, deleted
from blog.core.jobs.backoff import JITTER
from blog.core.jobs.kinds import PAUSES
from blog.models import Email, EmailState
from blog.models.email import WAITING

KEPT_FOR = timedelta(days=30)
LONGEST_ERROR = 1000


@dataclass(frozen=True)
class Batch:
    """Messages that one worker has in hand, until their lease ends.

    Args:
        emails: the messages, in the order in which they were due.
        lease_end: what stands in their `due_at`. A worker that finds another value there has
            overslept: another one has the message in hand, and records what becomes of it.
        deadline: the same moment by `time.monotonic()` of this process, or a little earlier.
    """

    emails: Sequence[Email]
    lease_end: datetime
    deadline: float


async def claim(database: Database, size: int, lease: float) -> Batch | None:
    """Take messages that are due, passing over those that another worker takes just now.

    Args:
        size: how many at most.
        lease: for how many seconds; after that they are anybody's again.

    Returns:
        The batch, or `None` if nothing is due.
    """
    deadline = time.monotonic() + lease
    due = (
        select(Email.id)
        .where(WAITING, Email.due_at <= func.now())
        .order_by(Email.due_at)
        .limit(size)
        .with_for_update(skip_locked=True)
        .cte("due")
    )
    take = (
        update(Email)
        .where(Email.id == due.c.id)
        .values(state=EmailState.SENDING, due_at=func.now() + timedelta(seconds=lease))
        .returning(Email)
        .execution_options(synchronize_session=False)
    )
    async with database.session() as session:
        emails = sorted(await session.scalars(take), key=lambda email: email.id)
        await session.commit()
    return Batch(emails, emails[0].due_at, deadline) if emails else None


async def record_sent(database: Database, batch: Batch, emails: Iterable[Email]) -> None:
    """Note that messages were taken, and forget their text: it may hold a token."""
    await _record(database, batch, emails, _SENT)


async def record_refused(
    database: Database, batch: Batch, emails: Iterable[Email], error: str
) -> None:
    """Note that messages will never be taken. Their text is kept, for `blog mail retry`."""
    await _record(database, batch, emails, _REFUSED, error=error[:LONGEST_ERROR])


async def record_deferred(
    database: Database, batch: Batch, emails: Iterable[Email], error: str
) -> None:
    """Put messages back, each for its next attempt, or give it up after the last one."""
    await _record(database, batch, emails, _DEFERRED, error=error[:LONGEST_ERROR])


async def give_back(database: Database, batch: Batch, emails: Iterable[Email]) -> None:
    """Put messages back that were not tried, for anybody to send at once."""
    await _record(database, batch, emails, _GIVEN_BACK)


async def _record(
    database: Database, batch: Batch, emails: Iterable[Email], change: Update, **values: object
) -> None:
    """Make one of the changes below to those of `emails` whose lease still holds."""
    values |= {"ids": [email.id for email in emails], "lease_end": batch.lease_end}
    async with _autocommit(database).connect() as connection:
        await connection.execute(change, values)


def _autocommit(database: Database) -> AsyncEngine:
    """The engine, for single statements: each is a transaction by itself."""
    return database.engine.execution_options(isolation_level="AUTOCOMMIT")


def _change(**values: object) -> Update:
    return (
        update(Email)
        .where(
            Email.id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
            Email.state == EmailState.SENDING,
            Email.due_at == bindparam("lease_end"),
        )
        .values(values)
    )


_SENT = _change(
    state=EmailState.SENT, sent_at=func.now(), text="", html="", last_error=None,
    attempts=Email.attempts + 1,
)  # fmt: skip
_REFUSED = _change(
    state=EmailState.FAILED, last_error=bindparam("error"), attempts=Email.attempts + 1
)
_PAUSE = case(
    {attempts: pause.total_seconds() for attempts, pause in enumerate(PAUSES)},
    value=Email.attempts,
    else_=0,
)
_JITTERED = func.make_interval(
    0, 0, 0, 0, 0, 0, _PAUSE * (1 + JITTER * func.random()), type_=Interval
)
_DEFERRED = _change(
    state=case((Email.attempts < len(PAUSES), EmailState.QUEUED), else_=EmailState.FAILED),
    due_at=func.now() + _JITTERED,
    last_error=bindparam("error"),
    attempts=Email.attempts + 1,
)
_GIVEN_BACK = _change(state=EmailState.QUEUED, due_at=func.now())


async def seconds_until_next(database: Database) -> float | None:
    """When the next message is due, from now; `None` if none waits. Negative if it is overdue."""
    until = extract("epoch", func.min(Email.due_at) - func.now())
    async with _autocommit(database).connect() as connection:
        seconds = await connection.scalar(select(until).where(WAITING))
    return None if seconds is None else float(seconds)


async def delete_old(session: AsyncSession) -> int:
    """Delete some messages that were done with `KEPT_FOR` ago; the caller commits.

    Returns:
        How many it were, up to `deleting.BATCH`.
    """
    old = (
        select(Email.id)
        .where(
            Email.state.in_([EmailState.SENT, EmailState.FAILED]),
            # The first is in the index, the second is about when the message was done with.
            Email.created_at < func.now() - literal(KEPT_FOR),
            Email.due_at < func.now() - literal(KEPT_FOR),
        )
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .cte("old")
    )
    return await deleted(session, delete(Email).where(Email.id == old.c.id))
