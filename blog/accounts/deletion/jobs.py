"""The job that deletes the rows of deleted accounts."""

import asyncio
import time
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.deletion.batches import delete_batch
from blog.core.db.database_errors import is_unavailable
from blog.core.jobs.kinds import JobKind, TryLaterError
from blog.core.jobs.queue import enqueue
from blog.core.jobs.running import RunningJob
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.models import AccountDeletion, Job

# How long a job works on one account before it yields to others.
TURN_SECONDS = 10.0
JOBS_AT_ONCE = 100


async def remove_rows(job: RunningJob) -> None:
    """Delete the remaining rows of an account in batches."""
    end = time.monotonic() + TURN_SECONDS
    while time.monotonic() < end and not job.stopping.is_set():
        start = time.monotonic()
        try:
            async with job.database.session() as session:
                is_gone = await delete_batch(session, job.payload["user_id"])
                if is_gone:  # Others have fewer likes, comments and followers now.
                    await mark(session, SITE)
                await session.commit()
        except DBAPIError as error:
            if is_unavailable(error):
                raise
            raise TryLaterError(str(error.orig)) from error
        if is_gone:
            return
        # Leave half of the time to transactions that wait for the same rows.
        await asyncio.sleep(time.monotonic() - start)
    await job.requeue()


async def enqueue_missing_jobs(job: RunningJob) -> None:
    """Enqueue jobs for deletions that have none, because an older version started them."""
    has_job = select(Job.id).where(
        Job.kind == REMOVE_DELETED_ACCOUNT.name,
        Job.payload["user_id"].as_integer() == AccountDeletion.user_id,
    )
    missing = select(AccountDeletion.user_id).where(~has_job.exists()).limit(JOBS_AT_ONCE)
    async with job.finishing() as session:
        for user_id in await session.scalars(missing):
            await enqueue_removal(session, user_id)


REMOVE_DELETED_ACCOUNT = JobKind(
    "remove_deleted_account",
    remove_rows,
    pauses=[timedelta(seconds=min(2**attempt, 600)) for attempt in range(11)],
    gives_up=False,
)
FIND_DELETED_ACCOUNTS = JobKind(
    "find_deleted_accounts", enqueue_missing_jobs, at_once=1, every=timedelta(minutes=10)
)


async def enqueue_removal(session: AsyncSession, user_id: int) -> None:
    """Enqueue the deletion of an account's rows; the caller commits."""
    await enqueue(session, REMOVE_DELETED_ACCOUNT, key=f"account {user_id}", user_id=user_id)
