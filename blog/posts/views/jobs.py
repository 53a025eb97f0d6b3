"""Delete the salts and marks of past days, and old views."""

from datetime import date, timedelta

from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.database_errors import is_lock_timeout
from blog.core.db.deleting import BATCH, delete_rows
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.models import PostViews, ViewMark, ViewSalt

KEPT_FOR = timedelta(days=365)


async def forget_visitors(job: RunningJob) -> None:
    """Delete the salts and marks of past days, and views older than a year.

    The table of salts is truncated, so that PostgreSQL deletes its file: a deleted row would stay
    in it for some time. While a backup has the table locked, the row is only deleted.
    """
    today = now().date()
    async with job.database.session() as session:
        if await session.scalar(select(ViewSalt.day).where(ViewSalt.day < today).limit(1)):
            await _renew_salts(session, today)
            await session.commit()
    for delete_some in (_delete_marks, _delete_views):
        number = BATCH
        while number == BATCH and not job.stopping.is_set():
            async with job.database.session() as session:
                number = await delete_some(session, today)
                await session.commit()


async def _renew_salts(session: AsyncSession, today: date) -> None:
    try:
        async with session.begin_nested():
            await session.execute(text("LOCK TABLE view_salts IN ACCESS EXCLUSIVE MODE NOWAIT"))
    except DBAPIError as error:
        if not is_lock_timeout(error):
            raise
        await session.execute(delete(ViewSalt).where(ViewSalt.day < today))
        return
    kept = await session.execute(select(ViewSalt.day, ViewSalt.salt).where(ViewSalt.day >= today))
    rows = [{"day": day, "salt": salt} for day, salt in kept]
    await session.execute(text("TRUNCATE view_salts"))
    if rows:
        await session.execute(insert(ViewSalt), rows)


async def _delete_marks(session: AsyncSession, today: date) -> int:
    key = (ViewMark.day, ViewMark.post_id, ViewMark.register)
    keys = select(*key).where(ViewMark.day < today).limit(BATCH)
    return await delete_rows(session, delete(ViewMark).where(tuple_(*key).in_(keys)))


async def _delete_views(session: AsyncSession, today: date) -> int:
    key = (PostViews.post_id, PostViews.day)
    keys = select(*key).where(PostViews.day < today - KEPT_FOR).limit(BATCH)
    return await delete_rows(session, delete(PostViews).where(tuple_(*key).in_(keys)))


FORGET_VISITORS = JobKind(
    "forget_visitors", forget_visitors, at_once=1, every=timedelta(minutes=10)
)
