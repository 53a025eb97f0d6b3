"""Background jobs for posts."""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta

from blog.core.clock import now
from blog.core.jobs.kinds import JobKind, TryLaterError
from blog.core.jobs.running import RunningJob
from blog.core.text.markdown import RENDERER_VERSION
from blog.core.text.process_pool import OverloadedError
from blog.core.web.app import current_app
from blog.posts.publication import publish_due_posts
from blog.posts.rerendering import KINDS, rerender, rerender_lost_mentions

# How long a run may take before it yields to other jobs.
RUN_SECONDS = 60.0
BATCH = 50


async def publish_due(job: RunningJob) -> None:
    """Publish the scheduled posts that are due, in batches."""
    number = 1
    while number and not job.stopping.is_set():
        async with job.database.session() as session:
            number = await publish_due_posts(
                session, now(), holds_anything=current_app.site.holds_anything
            )


PUBLISH_DUE_POSTS = JobKind("publish_due_posts", publish_due, at_once=1, every=timedelta(minutes=1))


async def render_old_texts(job: RunningJob) -> None:
    """Render texts again that mention people who are gone, and then texts rendered by an older
    version of the renderer, in half of one process's time.

    The payload holds the progress. A pass that found something is followed by another one some
    minutes later, because processes of the previous version may still have been writing. After a
    pass that finds nothing, no statement looks for old texts until there is a new version. Texts
    that have become too complex keep their HTML.
    """
    try:
        while await rerender_lost_mentions(
            job.database, current_app.renderer.rerender, batch=BATCH
        ):
            if job.stopping.is_set():
                return
    except OverloadedError:
        raise TryLaterError("the renderer is busy") from None
    state = job.payload
    if state.get("version") != RENDERER_VERSION:
        state = {"version": RENDERER_VERSION}
    if state.get("done"):
        return
    end = time.monotonic() + RUN_SECONDS
    for kind in KINDS:
        begin, after = time.monotonic(), state.get(kind.name, 0)
        steps = rerender(
            job.database, kind, current_app.renderer.rerender, batch=BATCH, after=after
        )
        try:
            async for step in steps:
                state |= {
                    kind.name: step.last_id,
                    "rendered": state.get("rendered", 0) + step.stored,
                }
                await job.save_progress(**state)
                if time.monotonic() > end or job.stopping.is_set():
                    await job.requeue()
                    return
                await _pause(job, time.monotonic() - begin)
                begin = time.monotonic()
        except OverloadedError:
            raise TryLaterError("the renderer is busy") from None
    found = state.get("rendered", 0) > 0
    await job.save_progress(version=RENDERER_VERSION, **({} if found else {"done": True}))


async def _pause(job: RunningJob, seconds: float) -> None:
    """Leave the renderer to others for a while, unless the worker is stopping."""
    with suppress(TimeoutError):
        await asyncio.wait_for(job.stopping.wait(), seconds)


RENDER_OLD_TEXTS = JobKind(
    "render_old_texts", render_old_texts, at_once=1, every=timedelta(minutes=10)
)
