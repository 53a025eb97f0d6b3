"""What tests of background jobs act with."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from sqlalchemy import func, select, update

from blog.background_jobs import JOBS
from blog.core.jobs.background import Background
from blog.core.jobs.claims import Claimed
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.listener import Listener
from blog.core.jobs.running import RunningJob
from blog.core.jobs.worker import LEASE_SECONDS, JobWorker
from blog.core.web.app import Broadside
from blog.models import Job, JobState
from tests.servers import until


@asynccontextmanager
async def at_work(
    app: Broadside, *kinds: JobKind, lease: float = LEASE_SECONDS
) -> AsyncIterator[JobWorker]:
    """A worker that runs jobs of some kinds within the context."""
    worker = JobWorker(app, app.database, kinds, app.report_error, lease)
    background = Background(Listener(app.database), [worker])
    await background.start()
    try:
        yield worker
    finally:
        await background.stop()


async def do_job(app: Broadside, name: str) -> None:
    """Run a job of the site by itself, as a worker runs it when it is due."""
    (kind,) = (kind for kind in JOBS if kind.name == name)
    claimed = Claimed(0, name, {}, 1, uuid.uuid4())
    async with app.app_context():
        await kind.run(RunningJob(claimed, kind.every, app.database, asyncio.Event()))


async def stored_jobs(app: Broadside) -> Sequence[Job]:
    """All jobs, the oldest first."""
    async with app.database.session() as session:
        return (await session.scalars(select(Job).order_by(Job.id))).all()


async def make_due(app: Broadside, kind: JobKind) -> None:
    """Let the jobs of a kind be due now."""
    async with app.database.session() as session:
        await session.execute(update(Job).where(Job.kind == kind.name).values(due_at=func.now()))
        await session.commit()


async def fail_for_good(app: Broadside, kind: JobKind) -> None:
    """Let the only job of a kind be tried until it has failed for good."""

    async def the_job() -> Job:
        (job,) = (job for job in await stored_jobs(app) if job.kind == kind.name)
        return job

    for _ in range(len(kind.pauses) + 1):
        attempts = (await the_job()).attempts
        await make_due(app, kind)

        async def is_tried(before: int = attempts) -> bool:
            job = await the_job()
            return job.attempts > before and job.state != JobState.RUNNING

        async with at_work(app, kind):
            await until(is_tried)
    assert (await the_job()).state == JobState.FAILED


async def finish_jobs(app: Broadside, *names: str, seconds: float = 60) -> None:
    """Run the jobs of some kinds until none of them waits or runs."""

    async def none_waits() -> bool:
        unfinished = select(func.count(Job.id)).where(
            Job.kind.in_(names), Job.state != JobState.FAILED
        )
        async with app.database.session() as session:
            return await session.scalar(unfinished) == 0

    async with at_work(app, *(kind for kind in JOBS if kind.name in names)):
        await until(none_waits, seconds)
