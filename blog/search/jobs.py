"""Background jobs of the search."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta

from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.search.indexing import index_old_posts

# After so long a run lets other jobs have their turn.
RUN_SECONDS = 60.0
BATCH = 100


async def index_old(job: RunningJob) -> None:
    """Index the posts from before there was a search, in half of the time.

    The payload says how far it has come. Posts that are written meanwhile are indexed by triggers,
    so that one pass is enough.
    """
    state = job.payload
    if state.get("done"):
        return
    begin = time.monotonic()
    end = begin + RUN_SECONDS
    async for last in index_old_posts(job.database, batch=BATCH, after=state.get("after", 0)):
        await job.remember(after=last)
        if time.monotonic() > end or job.stopping.is_set():
            await job.go_on_later()
            return
        with suppress(TimeoutError):
            await asyncio.wait_for(job.stopping.wait(), time.monotonic() - begin)
        begin = time.monotonic()
    await job.remember(done=True)


INDEX_OLD_POSTS = JobKind("index_old_posts", index_old, at_once=1, every=timedelta(minutes=10))
