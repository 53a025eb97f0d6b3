"""A claimed job, and what its worker records about it.

Each claim has its own number: a worker that has lost its claim records nothing.
"""

import uuid
from datetime import timedelta
from typing import Any, NamedTuple

from sqlalchemy import delete, func, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database import Database
from blog.core.jobs.backoff import add_jitter
from blog.models import Job, JobState

LONGEST_ERROR = 1000


class LostClaimError(Exception):
    """Another worker has claimed the job, or an administrator has discarded it."""


class Claimed(NamedTuple):
    """A job that a worker has claimed.

    Attributes:
        attempts: the number of attempts, including this one.
        claim: identifies this claim.
        trace_parent: the span that enqueued the job.
    """

    id: int
    kind: str
    payload: dict[str, Any]
    attempts: int
    claim: uuid.UUID
    trace_parent: str | None = None


async def finish(session: AsyncSession, job: Claimed, every: timedelta | None) -> bool:
    """Record that a job is done; the caller commits.

    Args:
        session: the transaction.
        job: the job.
        every: the interval of a periodic job, which is scheduled again; any other job is deleted.

    Returns:
        Whether the claim still held.
    """
    if every is None:
        done = delete(Job).where(*_is_held(job)).returning(Job.id)
    else:
        next_run = func.date_bin(every, func.now(), func.to_timestamp(0)) + every
        done = _build_update(job, due_at=next_run, attempts=0, last_error=None)
    return await session.scalar(done.execution_options(synchronize_session=False)) is not None


async def save_progress(database: Database, job: Claimed, payload: dict[str, Any]) -> bool:
    """Replace the payload of a claimed job; returns whether the claim still held."""
    statement = _build_update(job, state=JobState.RUNNING, claim=job.claim, payload=payload)
    async with database.session() as session:
        is_held = await session.scalar(statement) is not None
        await session.commit()
    return is_held


async def fail(database: Database, job: Claimed, error: str, pause: timedelta) -> None:
    """Record a failed attempt, and schedule the next one.

    Args:
        database: stores the job.
        job: the job.
        error: the reason, for administrators.
        pause: the delay before the next attempt, to which jitter is added.
    """
    due_at = func.now() + timedelta(seconds=add_jitter(pause.total_seconds()))
    await _unclaim(database, job, due_at=due_at, last_error=error[:LONGEST_ERROR])


async def hold(database: Database, job: Claimed, error: str) -> None:
    """Record that a job has failed for good."""
    values = {"due_at": func.now(), "last_error": error[:LONGEST_ERROR]}
    async with database.session() as session:
        await session.execute(_build_update(job, state=JobState.FAILED, **values))
        await session.commit()


async def release(database: Database, job: Claimed) -> None:
    """Release an unfinished job because its worker stops; another worker may run it at once."""
    await _unclaim(database, job, due_at=func.now(), attempts=Job.attempts - 1)


async def requeue(database: Database, job: Claimed) -> None:
    """Requeue a job that has made progress and has more to do."""
    await _unclaim(database, job, due_at=func.now(), attempts=0, last_error=None)


async def _unclaim(database: Database, job: Claimed, **values: object) -> None:
    """Set a job to waiting, or delete it if another job with its key is waiting already."""
    async with database.session() as session:
        try:
            await session.execute(_build_update(job, **values))
        except IntegrityError:
            await session.rollback()
            await session.execute(delete(Job).where(*_is_held(job)))
        await session.commit()


def _is_held(job: Claimed) -> tuple[Any, ...]:
    """The conditions under which the claim still holds."""
    return Job.id == job.id, Job.claim == job.claim, Job.state == JobState.RUNNING


def _build_update(job: Claimed, **values: object) -> Any:
    """An update of a job, by default to waiting, that does nothing if the claim is lost."""
    return (
        update(Job)
        .where(*_is_held(job))
        .values({"state": JobState.WAITING, "claim": None} | values)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
