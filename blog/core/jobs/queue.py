"""The job queue: enqueue, claim, and record results.

Times are the database's, so the clocks of several machines need not agree. A worker owns a job
while its lease holds, which it renews. Each claim has its own number, and a worker that has lost
its claim records nothing.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    SQLColumnExpression,
    String,
    Text,
    bindparam,
    delete,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.jobs.backoff import jittered
from blog.core.jobs.kinds import JobKind
from blog.core.telemetry import spans
from blog.models import Job, JobState
from blog.models.job import UNFINISHED

CHANNEL = "jobs"
LONGEST_ERROR = 1000
# An arbitrary number, the same for all workers.
CLAIM_LOCK = 0x6A6F6273
# The key of periodic jobs, so that there is one of each.
REPEATED = "repeated"

# A waiting job with the same key is rescheduled and gets the new payload.
_ENQUEUE = text("""
    WITH added AS (
        INSERT INTO jobs (kind, key, payload, state, due_at, trace_parent)
        VALUES (:kind, :key, :payload, 'waiting', coalesce(:at, now()), :trace_parent)
        ON CONFLICT (kind, key) WHERE state = 'waiting' AND key IS NOT NULL
        DO UPDATE SET due_at = excluded.due_at, payload = excluded.payload,
            trace_parent = excluded.trace_parent
        RETURNING 1
    )
    SELECT pg_notify(:channel, '') FROM added
""").bindparams(
    bindparam("kind", type_=String),
    bindparam("key", type_=String),
    bindparam("payload", type_=JSONB),
    bindparam("at", type_=Job.due_at.type),
    bindparam("trace_parent", type_=String),
    bindparam("channel", CHANNEL, type_=String),
)
_ADD_REPEATED = text("""
    INSERT INTO jobs (kind, key, payload, state)
    SELECT kind, :key, '{}', 'waiting' FROM unnest(:kinds) AS given (kind)
    WHERE NOT EXISTS (SELECT FROM jobs WHERE jobs.kind = given.kind AND jobs.key = :key)
    ON CONFLICT DO NOTHING
""").bindparams(bindparam("key", REPEATED, type_=String), bindparam("kinds", type_=ARRAY(Text)))
# Claims are serialised (`CLAIM_LOCK`), so that each sees how many jobs of a kind are running.
_CLAIM = text("""
    WITH due AS (
        SELECT candidate.id
        FROM unnest(:kinds, :limits) AS given (kind, at_once)
        CROSS JOIN LATERAL (
            SELECT count(*) AS number FROM jobs
            WHERE state = 'running' AND due_at > now() AND jobs.kind = given.kind
        ) AS running
        CROSS JOIN LATERAL (
            SELECT id, due_at FROM jobs
            WHERE jobs.kind = given.kind AND state IN ('waiting', 'running') AND due_at <= now()
                AND (key IS NULL OR NOT EXISTS (
                    SELECT FROM jobs AS other WHERE other.state = 'running'
                        AND other.kind = jobs.kind AND other.key = jobs.key AND other.id <> jobs.id
                ))
            ORDER BY due_at
            LIMIT least(:number, greatest(0, at_once - running.number))
            FOR UPDATE SKIP LOCKED
        ) AS candidate
        ORDER BY candidate.due_at, candidate.id LIMIT :number
    )
    UPDATE jobs SET state = 'running', claim = gen_random_uuid(), attempts = attempts + 1,
        due_at = now() + :lease
    FROM due WHERE jobs.id = due.id
    RETURNING jobs.id, kind, payload, attempts, claim, trace_parent
""").bindparams(
    bindparam("kinds", type_=ARRAY(Text)),
    bindparam("limits", type_=ARRAY(Integer)),
    bindparam("number", type_=Integer),
)
_UNTIL_NEXT = text("""
    SELECT extract(epoch FROM min(next.due_at) - now())::float
    FROM unnest(:kinds) AS given (kind)
    CROSS JOIN LATERAL (
        SELECT due_at FROM jobs
        WHERE jobs.kind = given.kind AND state IN ('waiting', 'running') ORDER BY due_at LIMIT 1
    ) AS next
""").bindparams(bindparam("kinds", type_=ARRAY(Text)))


class Claimed(NamedTuple):
    """A job that a worker has claimed; `attempts` includes this one, and `trace_parent` is the span
    that has enqueued it."""

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int
    claim: uuid.UUID
    trace_parent: str | None = None


async def enqueue(
    session: AsyncSession,
    kind: JobKind,
    *,
    key: str | None = None,
    at: datetime | None = None,
    **payload: object,
) -> None:
    """Add a job in the caller's transaction: it runs after the commit, or never.

    Args:
        key: at most one job of this kind with this key waits: if there is one, it is rescheduled
            and gets the new payload. Concurrent transactions with the same key wait for each other.
            While one runs, another one waits for it to end.
        at: the earliest time to run it; `None` is now.
        payload: what `run` needs, as JSON: ids rather than rows.

    Raises:
        ValueError: the kind is periodic.
    """
    if kind.every is not None:
        raise ValueError(f"{kind.name} is repeated, and not enqueued")
    values = {
        "kind": kind.name,
        "key": key,
        "payload": payload,
        "at": at,
        "trace_parent": spans.trace_parent(),
    }
    await session.execute(_ENQUEUE, values)


def has_job(kind: JobKind, name: str, value: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a job of a kind waits or runs, which has not failed for good.

    Args:
        name: of a number in its payload.
        value: the number.
    """
    return exists().where(
        Job.kind == kind.name, UNFINISHED, Job.payload[name].as_integer() == value
    )


async def cancel(session: AsyncSession, kind: JobKind, key: str) -> None:
    """Remove the waiting job with a key, if any; the caller commits."""
    await session.execute(
        delete(Job)
        .where(Job.kind == kind.name, Job.key == key, Job.state == JobState.WAITING)
        .execution_options(synchronize_session=False)
    )


async def add_repeated(
    database: Database, kinds: Sequence[JobKind], off: Sequence[JobKind] = ()
) -> None:
    """Ensure that there is a job of each periodic kind, and none of those that are off."""
    async with database.session() as session:
        names = [kind.name for kind in kinds if kind.every is not None]
        await session.execute(_ADD_REPEATED, {"kinds": names})
        await session.execute(
            delete(Job).where(Job.kind.in_([kind.name for kind in off]), Job.key == REPEATED)
        )
        await session.commit()


async def claim(
    database: Database, kinds: Sequence[JobKind], number: int, lease: float
) -> Sequence[Claimed]:
    """Claim jobs that are due: waiting ones, and those whose worker has died.

    Args:
        kinds: the kinds that this version knows.
        number: the maximum number of jobs.
        lease: how many seconds the claim holds unless it is renewed.
    """
    parameters = {
        "kinds": [kind.name for kind in kinds],
        "limits": [kind.at_once for kind in kinds],
        "number": number,
        "lease": timedelta(seconds=lease),
    }
    async with database.session() as session:
        await session.execute(select(func.pg_advisory_xact_lock(CLAIM_LOCK)))
        claimed = [Claimed(*row) for row in await session.execute(_CLAIM, parameters)]
        await session.commit()
    return claimed


async def renew(
    database: Database, claims: Sequence[uuid.UUID], lease: float
) -> set[uuid.UUID | None]:
    """Renew leases; returns those that still held."""
    statement = (
        update(Job)
        .where(Job.claim.in_(claims), Job.state == JobState.RUNNING)
        .values(due_at=func.now() + timedelta(seconds=lease))
        .returning(Job.claim)
        .execution_options(synchronize_session=False)
    )
    async with database.session() as session:
        held = set(await session.scalars(statement))
        await session.commit()
    return held


async def seconds_until_next(database: Database, kinds: Sequence[JobKind]) -> float | None:
    """In how many seconds the next job is due, negative if it is overdue; `None` if none waits."""
    names = [kind.name for kind in kinds]
    async with database.reading_session() as session:
        seconds: float | None = await session.scalar(_UNTIL_NEXT, {"kinds": names})
    return seconds


async def finish(session: AsyncSession, kind: JobKind, job: Claimed) -> bool:
    """Record that a job is done, or when a periodic one is next due; the caller commits.

    Returns:
        Whether the claim still held.
    """
    if kind.every is None:
        done = delete(Job).where(*_held(job)).returning(Job.id)
    else:
        following = func.date_bin(kind.every, func.now(), func.to_timestamp(0)) + kind.every
        done = _changed(job, due_at=following, attempts=0, last_error=None)
    return await session.scalar(done.execution_options(synchronize_session=False)) is not None


async def remember(database: Database, job: Claimed, payload: dict[str, Any]) -> bool:
    """Replace the payload of a claimed job; returns whether the claim still held."""
    statement = _changed(job, state=JobState.RUNNING, claim=job.claim, payload=payload)
    async with database.session() as session:
        held = await session.scalar(statement) is not None
        await session.commit()
    return held


async def fail(database: Database, kind: JobKind, job: Claimed, error: str) -> None:
    """Record that an attempt has failed, and when the next one is due."""
    pause = jittered(kind.pause_after(job.attempts).total_seconds())
    due_at = func.now() + timedelta(seconds=pause)
    await _put_back(database, job, due_at=due_at, last_error=error[:LONGEST_ERROR])


async def hold(database: Database, job: Claimed, error: str) -> None:
    """Record that a job has failed for good."""
    values = {"due_at": func.now(), "last_error": error[:LONGEST_ERROR]}
    async with database.session() as session:
        await session.execute(_changed(job, state=JobState.FAILED, **values))
        await session.commit()


async def give_back(database: Database, job: Claimed) -> None:
    """Release a job that was not finished because the worker stops, so that it runs at once
    elsewhere."""
    await _put_back(database, job, due_at=func.now(), attempts=Job.attempts - 1)


async def go_on(database: Database, job: Claimed) -> None:
    """Release a job that has made progress and has more to do."""
    await _put_back(database, job, due_at=func.now(), attempts=0, last_error=None)


async def _put_back(database: Database, job: Claimed, **values: object) -> None:
    """Return a job to waiting, unless another one with its key waits already."""
    async with database.session() as session:
        try:
            await session.execute(_changed(job, **values))
        except IntegrityError:
            await session.rollback()
            await session.execute(delete(Job).where(*_held(job)))
        await session.commit()


def _held(job: Claimed) -> tuple[Any, ...]:
    return Job.id == job.id, Job.claim == job.claim, Job.state == JobState.RUNNING


def _changed(job: Claimed, **values: object) -> Any:
    return (
        update(Job)
        .where(*_held(job))
        .values({"state": JobState.WAITING, "claim": None} | values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
