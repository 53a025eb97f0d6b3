"""Jobs that delete what is of no use any more, some rows at a time."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.deleting import BATCH
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob

HOUR = timedelta(hours=1)


def cleaning(
    name: str, delete_some: Callable[[AsyncSession], Awaitable[int]], *, every: timedelta
) -> JobKind:
    """A repeated job that calls `delete_some` until nothing is left.

    Args:
        name: of the job.
        delete_some: deletes up to `BATCH` rows, of which nobody else needs one; returns how many.
        every: how often.
    """

    async def run(job: RunningJob) -> None:
        number = BATCH
        while number == BATCH and not job.stopping.is_set():
            async with job.database.session() as session:
                number = await delete_some(session)
                await session.commit()

    return JobKind(name, run, at_once=1, every=every)
