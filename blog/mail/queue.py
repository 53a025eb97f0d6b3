"""The outbox for workers: claiming messages and recording results.

Each function is a short transaction. Times are those of the database's clock, so the clocks of
several machines need not agree.
"""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Executable,
    Interval,
    Update,
    and_,
    any_,
    bindparam,
    case,
    delete,
    exists,
    extract,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from blog.core.db.database import Database
from blog.core.jobs.backoff import JITTER
from blog.core.jobs.kinds import PAUSES
from blog.models import (
    Comment,
    Email,
    EmailState,
    MailPreference,
    NotificationItem,
    Post,
    RefusedAddress,
)
from blog.models.account_deletion import not_deleted
from blog.models.email import WAITING
from blog.models.notification import NotificationMail
from blog.models.post import is_public

# Less than a day, because a digest comes every day at about the same time.
BETWEEN_REFUSALS = timedelta(hours=20)
LONGEST_ERROR = 1000
# The purpose of a message.
DIGEST = "digest"


@dataclass(frozen=True)
class Batch:
    """Messages that a worker has claimed, until their lease ends.

    Args:
        emails: the messages, in the order in which they were due.
        lease_end: the value of their `due_at`. If it has changed, the lease has expired and another
            worker has claimed the message, and records the result.
        deadline: the same time by `time.monotonic()` of this process, or a little earlier.
    """

    emails: Sequence[Email]
    lease_end: datetime
    deadline: float


async def claim(database: Database, size: int, lease: float) -> Batch | None:
    """Claim messages that are due, skipping those that another worker is claiming.

    Args:
        size: the maximum number.
        lease: how long the claim is valid, in seconds.

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


async def withdraw(database: Database, batch: Batch) -> Batch:
    """Delete the messages about posts and comments that are no longer public, and those about
    deleted items of notifications. The remaining items of a digest wait for another digest.

    Returns:
        The batch with the other messages.
    """
    if all(email.post_id is None and email.notification_items is None for email in batch.emails):
        return batch
    values = {"ids": [email.id for email in batch.emails], "lease_end": batch.lease_end}
    async with _autocommit(database).connect() as connection:
        withdrawn = set(await connection.scalars(_WITHDRAWN, values))
    return replace(batch, emails=[each for each in batch.emails if each.id not in withdrawn])


async def record_sent(database: Database, batch: Batch, emails: Iterable[Email]) -> None:
    """Record that messages were accepted, and delete their text, which may contain a token.

    This also resets the refusals of the addresses.
    """
    await _record(database, batch, emails, _SENT)


async def record_refused(
    database: Database, batch: Batch, emails: Iterable[Email], error: str
) -> None:
    """Record that messages have failed permanently. Their text is kept for `blog mail retry`."""
    await _record(database, batch, emails, _REFUSED, error=error[:LONGEST_ERROR])


async def record_no_recipient(
    database: Database, batch: Batch, emails: Iterable[Email], error: str
) -> None:
    """Record that messages have failed permanently because their address is refused."""
    await _record(database, batch, emails, _NO_RECIPIENT, error=error[:LONGEST_ERROR])


async def record_deferred(
    database: Database, batch: Batch, emails: Iterable[Email], error: str
) -> None:
    """Schedule the next attempt for messages, or record that they failed after the last attempt."""
    await _record(database, batch, emails, _DEFERRED, error=error[:LONGEST_ERROR])


async def release(database: Database, batch: Batch, emails: Iterable[Email]) -> None:
    """Release messages that were not attempted, so that any worker can send them immediately."""
    await _record(database, batch, emails, _RELEASED)


async def _record(
    database: Database, batch: Batch, emails: Iterable[Email], change: Executable, **values: object
) -> None:
    """Apply one of the changes below to those of `emails` whose lease is still valid."""
    values |= {"ids": [email.id for email in emails], "lease_end": batch.lease_end}
    async with _autocommit(database).connect() as connection:
        await connection.execute(change, values)


def _autocommit(database: Database) -> AsyncEngine:
    """The engine in autocommit mode, for single statements."""
    return database.engine.execution_options(isolation_level="AUTOCOMMIT")


_CLAIMED = and_(
    Email.id == any_(bindparam("ids", type_=ARRAY(BigInteger))),
    Email.state == EmailState.SENDING,
    Email.due_at == bindparam("lease_end"),
)


def _build_update(**values: object) -> Update:
    return update(Email).where(_CLAIMED).values(values)


_ACCEPTED = _build_update(
    state=EmailState.SENT, sent_at=func.now(), text="", html="", headers=None, last_error=None,
    attempts=Email.attempts + 1,
).returning(Email.recipient).cte("accepted")  # fmt: skip
_SENT = delete(RefusedAddress).where(RefusedAddress.address.in_(select(_ACCEPTED.c.recipient)))
_REFUSED = _build_update(
    state=EmailState.FAILED, last_error=bindparam("error"), attempts=Email.attempts + 1
)
_refused = _REFUSED.returning(Email.recipient).cte("refused")
_NO_RECIPIENT = (
    insert(RefusedAddress)
    .from_select(["address"], select(_refused.c.recipient), include_defaults=False)
    .on_conflict_do_update(
        index_elements=[RefusedAddress.address],
        set_={"days": RefusedAddress.days + 1, "refused_at": func.now()},
        where=RefusedAddress.refused_at < func.now() - literal(BETWEEN_REFUSALS),
    )
)
_item_id = func.unnest(Email.notification_items).column_valued("item_id")
_withdrawn = (
    delete(Email)
    .where(
        _CLAIMED,
        or_(
            and_(
                Email.post_id.is_not(None),
                ~exists().where(
                    Post.id == Email.post_id, is_public(Post), not_deleted(Post.author_id)
                ),
            ),
            and_(
                Email.comment_id.is_not(None),
                ~exists().where(
                    Comment.id == Email.comment_id, Comment.disabled_at.is_(None),
                    Comment.author_id.is_not(None), not_deleted(Comment.author_id),
                ),
            ),
            select(_item_id)
            .where(~exists().where(NotificationItem.id == _item_id))
            .correlate(Email)
            .exists(),
        ),
    )
    .returning(Email.id, Email.purpose, Email.notification_items)
    .cte("withdrawn")
)  # fmt: skip
_requeued = (
    update(NotificationItem)
    .where(
        NotificationItem.id == any_(_withdrawn.c.notification_items),
        _withdrawn.c.purpose == DIGEST,
    )
    .values(mail=NotificationMail.DIGEST)
    .returning(NotificationItem.user_id)
    .cte("waiting")
)
_rescheduled = (
    update(MailPreference)
    .where(MailPreference.user_id.in_(select(_requeued.c.user_id)))
    .values(digest_due_at=func.least(MailPreference.digest_due_at, func.now()))
    .cte("due")
)
_WITHDRAWN = select(_withdrawn.c.id).add_cte(_requeued, _rescheduled)
_PAUSE = case(
    {attempts: pause.total_seconds() for attempts, pause in enumerate(PAUSES)},
    value=Email.attempts,
    else_=0,
)
_JITTERED = func.make_interval(
    0, 0, 0, 0, 0, 0, _PAUSE * (1 + JITTER * func.random()), type_=Interval
)
_DEFERRED = _build_update(
    state=case((Email.attempts < len(PAUSES), EmailState.QUEUED), else_=EmailState.FAILED),
    due_at=func.now() + _JITTERED,
    last_error=bindparam("error"),
    attempts=Email.attempts + 1,
)
_RELEASED = _build_update(state=EmailState.QUEUED, due_at=func.now())


async def seconds_until_next(database: Database) -> float | None:
    """In how many seconds the next message is due; negative if it is overdue, `None` if there is
    none."""
    until = extract("epoch", func.min(Email.due_at) - func.now())
    async with _autocommit(database).connect() as connection:
        seconds = await connection.scalar(select(until).where(WAITING))
    return None if seconds is None else float(seconds)
