"""Jobs that delete expired rows in batches."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.deleting import BATCH
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob

HOUR = timedelta(hours=1)


def cleaning_job(
    name: str, delete_some: Callable[[AsyncSession], Awaitable[int]], *, every: timedelta
) -> JobKind:
    """Define a periodic job that calls `delete_some` until nothing is left.

    Args:
        name: the name of the job.
        delete_some: deletes up to `BATCH` expired rows, and returns how many.
        every: the interval.
    """

    async def run(job: RunningJob) -> None:
        number = BATCH
        while number == BATCH and not job.stopping.is_set():
            async with job.database.session() as session:
                number = await delete_some(session)
                await session.commit()

    return JobKind(name, run, at_once=1, every=every)
