"""The background job that counts each day."""

from datetime import timedelta

from blog.admin.figures import counting
from blog.core.clock import now
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob


async def count_days(job: RunningJob) -> None:
    """Count the past days that are missing, and today so far. Idempotent."""
    database = job.database
    async with database.session() as session:
        days = await counting.days_to_count(session)
    for day in days:
        async with database.session() as session:
            await counting.count_day(session, day)
            await session.commit()
    async with database.session() as session:
        await counting.count_totals(session)
        await counting.delete_old_routes(session)
        await session.commit()
    async with database.autocommit_session() as session:
        if not await counting.has_image_bytes_of_today(session):
            size = sum([size async for size in counting.image_sizes(session)])
            await counting.write_day(session, now().date(), {"image_bytes": size})


COUNT_DAYS = JobKind("count_days", count_days, at_once=1, every=timedelta(minutes=15))
