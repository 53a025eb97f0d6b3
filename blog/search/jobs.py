"""Background jobs of the search."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta

from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.search.indexing import COMMENTS, POSTS, Index, index_old

# How long a run may take before it yields to other jobs.
RUN_SECONDS = 60.0
BATCH = 100


async def _index(job: RunningJob, index: Index) -> None:
    """Index posts or comments from before there was a search, in half of the time.

    The payload holds the progress. Triggers index what is written meanwhile, so one pass is
    enough.
    """
    state = job.payload
    if state.get("done"):
        return
    begin = time.monotonic()
    end = begin + RUN_SECONDS
    async for last in index_old(job.database, index, batch=BATCH, after=state.get("after", 0)):
        await job.save_progress(after=last)
        if time.monotonic() > end or job.stopping.is_set():
            await job.requeue()
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(job.stopping.wait(), time.monotonic() - begin)
        begin = time.monotonic()
    await job.save_progress(done=True)


async def index_old_posts(job: RunningJob) -> None:
    """Index old posts."""
    await _index(job, POSTS)


async def index_old_comments(job: RunningJob) -> None:
    """Index old comments."""
    await _index(job, COMMENTS)


# `IS_INDEXING` of the queries names them.
INDEX_OLD_POSTS, INDEX_OLD_COMMENTS = (
    JobKind(function.__name__, function, at_once=1, every=timedelta(minutes=10))
    for function in (index_old_posts, index_old_comments)
)
