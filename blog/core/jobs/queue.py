"""The job queue: enqueue jobs, and claim those that are due.

Times are the database's, so the clocks of several machines need not agree. A worker owns a job as
long as it renews the lease; `claims.py` records what became of it.
"""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

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
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.jobs.claims import Claimed
from blog.core.jobs.kinds import JobKind
from blog.core.telemetry import spans
from blog.models import Job, JobState
from blog.models.job import UNFINISHED

CHANNEL = "jobs"
# An arbitrary number, the same for all workers.
CLAIM_LOCK = 0x6A6F6273
# The key of periodic jobs; it ensures that there is only one of each kind.
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
_ADD_PERIODIC = text("""
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
        session: the caller's transaction.
        kind: the kind of the job.
        key: at most one job of this kind with this key is waiting: if there is one, it is
            rescheduled and gets the new payload. Concurrent transactions with the same key wait for
            each other. A job doesn't start while another one with its key is running.
        at: the earliest time to run it; `None` is now.
        payload: the arguments of `run`, as JSON: ids rather than rows.

    Raises:
        ValueError: the kind is periodic.
    """
    if kind.every is not None:
        raise ValueError(f"{kind.name} is periodic, and can't be enqueued")
    values = {
        "kind": kind.name,
        "key": key,
        "payload": payload,
        "at": at,
        "trace_parent": spans.trace_parent(),
    }
    await session.execute(_ENQUEUE, values)


def has_job(kind: JobKind, name: str, value: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """Whether a job of a kind is waiting or running, rather than failed for good.

    Args:
        kind: the kind of the job.
        name: the name of a number in its payload.
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


async def ensure_periodic_jobs(
    database: Database, kinds: Sequence[JobKind], off: Sequence[JobKind] = ()
) -> None:
    """Add a job for each periodic kind that has none, and delete those of kinds in `off`."""
    async with database.session() as session:
        names = [kind.name for kind in kinds if kind.every is not None]
        await session.execute(_ADD_PERIODIC, {"kinds": names})
        await session.execute(
            delete(Job).where(Job.kind.in_([kind.name for kind in off]), Job.key == REPEATED)
        )
        await session.commit()


async def claim(
    database: Database, kinds: Sequence[JobKind], number: int, lease: float
) -> Sequence[Claimed]:
    """Claim jobs that are due: waiting ones, and those whose worker has died.

    Args:
        database: stores the jobs.
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
    """Renew leases; returns the claims that still held."""
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
    """Seconds until the next job is due, negative if it is overdue; `None` if there is none."""
    names = [kind.name for kind in kinds]
    async with database.reading_session() as session:
        seconds: float | None = await session.scalar(_UNTIL_NEXT, {"kinds": names})
    return seconds
