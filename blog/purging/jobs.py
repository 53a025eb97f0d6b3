"""The job that purges marked keys (`blog.core.purging.marks`).

It runs twice a second, however many changes there are: a thousand likes within a second are two or
three requests. Keys that could not be purged stay marked, and are tried again.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Delete, Update, delete, func, select, update

from blog.core.jobs.kinds import JobKind, TryLaterError
from blog.core.jobs.running import RunningJob
from blog.core.purging.keys import SITE
from blog.core.web.app import current_app
from blog.core.web.fetching import FetchError
from blog.models import StaleKey
from blog.purging.requests import MOST_KEYS, purge

EVERY = timedelta(seconds=0.5)
# How long to wait after a request that was not accepted.
PAUSE = timedelta(seconds=5)
ROWS_AT_ONCE = 1_000
_DUE = (
    select(StaleKey.id, StaleKey.key)
    .where(StaleKey.due_at <= func.now())
    .order_by(StaleKey.due_at, StaleKey.id)
    .limit(ROWS_AT_ONCE)
)


async def purge_pages(job: RunningJob) -> None:
    """Purge the keys that are due, in requests of up to `MOST_KEYS` keys.

    Raises:
        TryLaterError: the cache has not accepted a request.
    """
    async with job.database.reading_session() as session:
        rows = (await session.execute(_DUE)).all()
    keys = list(dict.fromkeys(row.key for row in rows))
    if SITE in keys:  # All pages have it.
        await _purge_keys(job, [SITE], rows)
        return
    for begin in range(0, len(keys), MOST_KEYS):
        some = keys[begin : begin + MOST_KEYS]
        await _purge_keys(job, some, [row for row in rows if row.key in some])


async def _purge_keys(job: RunningJob, keys: Sequence[str], rows: Sequence[Any]) -> None:
    """Purge keys, and then delete these rows, so that they are purged again if the process dies."""
    these = StaleKey.id.in_([row.id for row in rows])
    failure: FetchError | None = None
    done: Delete | Update = delete(StaleKey).where(these)
    try:
        await purge(current_app.settings, keys)
    except FetchError as error:
        failure = error
        done = update(StaleKey).where(these).values(due_at=func.now() + PAUSE)
    async with job.database.session() as session:
        await session.execute(done.execution_options(synchronize_session=False))
        await session.commit()
    if failure is not None:
        raise TryLaterError(f"PURGE_URL: {failure}")


PURGE_PAGES = JobKind("purge_pages", purge_pages, at_once=1, seconds=60, every=EVERY)
