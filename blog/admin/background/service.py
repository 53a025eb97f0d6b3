"""Actions of administrators on jobs. Each function is one transaction."""

from typing import Any, cast

from sqlalchemy import CursorResult, Update, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from blog.admin.policies import may_administer
from blog.core.auth import audit
from blog.core.auth.viewer import Viewer
from blog.core.errors import ForbiddenError
from blog.core.jobs.queue import CHANNEL, REPEATED
from blog.models import Act, Job, JobState


async def retry_all(session: AsyncSession, viewer: Viewer) -> int:
    """Retry all failed jobs, with all attempts.

    Returns:
        The number of jobs. Of jobs with the same key, one is retried and the others are deleted.
    """
    _require_administrator(viewer)
    newer = aliased(Job)
    is_duplicate = select(newer.id).where(
        newer.kind == Job.kind,
        newer.key == Job.key,
        or_(
            newer.state == JobState.WAITING,
            and_(newer.state == JobState.FAILED, newer.id > Job.id),
        ),
    )
    await session.execute(
        delete(Job)
        .where(Job.state == JobState.FAILED, is_duplicate.exists())
        .execution_options(synchronize_session=False)
    )
    result = cast(CursorResult[Any], await session.execute(_RETRY.where(_HAS_FAILED)))
    if number := result.rowcount:
        audit.record(session, viewer, Act.RETRY_JOB, None, number=number)
        await session.execute(select(func.pg_notify(CHANNEL, "")))
    await session.commit()
    return number


async def retry(session: AsyncSession, viewer: Viewer, job_id: int) -> Job | None:
    """Run a failed or scheduled job at once, with all attempts.

    Returns:
        The job; `None` if it is running or no longer exists.
    """
    _require_administrator(viewer)
    waiting = aliased(Job)
    is_duplicate = select(waiting.id).where(
        waiting.kind == Job.kind,
        waiting.key == Job.key,
        waiting.state == JobState.WAITING,
        waiting.id != Job.id,
    )
    retried = _RETRY.where(
        Job.id == job_id, Job.state != JobState.RUNNING, ~is_duplicate.exists()
    ).returning(Job)
    job = await session.scalar(retried)
    if job is not None:
        audit.record(session, viewer, Act.RETRY_JOB, None, job=job.id, kind=job.kind)
        await session.execute(select(func.pg_notify(CHANNEL, "")))
    await session.commit()
    return job


async def discard(session: AsyncSession, viewer: Viewer, job_id: int) -> Job | None:
    """Discard a job; a running job is cancelled.

    Returns:
        The job; `None` if it has already finished or is periodic.
    """
    _require_administrator(viewer)
    discarded = (
        delete(Job)
        .where(Job.id == job_id, Job.key.is_distinct_from(REPEATED))
        .returning(Job)
        .execution_options(synchronize_session=False)
    )
    job = await session.scalar(discarded)
    if job is not None:
        audit.record(session, viewer, Act.DISCARD_JOB, None, job=job.id, kind=job.kind)
    await session.commit()
    return job


def _require_administrator(viewer: Viewer) -> None:
    if not may_administer(viewer):
        raise ForbiddenError


_HAS_FAILED = Job.state == JobState.FAILED
_RETRY: Update = (
    update(Job)
    .values(state=JobState.WAITING, due_at=func.now(), attempts=0)
    .execution_options(synchronize_session=False)
)
