"""The jobs that act on a wave, and undo that."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.kinds import SHORT_PAUSES, JobKind
from blog.core.jobs.running import RunningJob
from blog.moderation.waves.acting import act_on_some
from blog.moderation.waves.undoing import undo_some

# How long a job works before it yields to others.
TURN_SECONDS = 10.0


async def carry_out(job: RunningJob) -> None:
    """Act on a wave; a killed job continues where it stopped."""
    await _run_in_turns(job, act_on_some)


async def undo(job: RunningJob) -> None:
    """Undo an act on a wave; a killed job continues where it stopped."""
    await _run_in_turns(job, undo_some)


async def _run_in_turns(
    job: RunningJob, do_some: Callable[[AsyncSession, int], Awaitable[bool]]
) -> None:
    end = time.monotonic() + TURN_SECONDS
    while time.monotonic() < end and not job.stopping.is_set():
        start = time.monotonic()
        async with job.database.session() as session:
            is_done = await do_some(session, job.payload["act_id"])
        if is_done:
            return
        # Leave half of the time to transactions that wait for the same rows.
        await asyncio.sleep(time.monotonic() - start)
    await job.requeue()


ACT_ON_WAVE = JobKind("act_on_wave", carry_out, pauses=SHORT_PAUSES, gives_up=False)
UNDO_BULK_ACT = JobKind("undo_bulk_act", undo, pauses=SHORT_PAUSES, gives_up=False)
