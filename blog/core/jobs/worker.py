"""Runs jobs, in a web process or in `blog worker`."""

import asyncio
import logging
import time
import uuid
from collections.abc import Callable, Sequence

from quart import Quart

from blog.core.db.database import Database
from blog.core.db.database_errors import is_unavailable
from blog.core.jobs import claims, queue
from blog.core.jobs.claims import Claimed, LostClaimError
from blog.core.jobs.kinds import FailedForGoodError, JobKind, TryLaterError
from blog.core.jobs.loop import SHORTEST_WAIT, Loop, seconds_to_wait
from blog.core.jobs.retries import retry_while_unavailable
from blog.core.jobs.running import RunningJob
from blog.core.telemetry import spans

log = logging.getLogger(__name__)

# The number of jobs that one process runs at once.
RUN_AT_ONCE = 4
LEASE_SECONDS = 30.0
STOP_SECONDS = 2.0


class JobWorker(Loop):
    """Claims and runs jobs that are due. There may be any number of workers.

    Args:
        app: provides the context for jobs.
        database: stores the jobs; open while the worker runs.
        kinds: the known kinds. Others in the database are left to workers of other versions.
        report: reports an unexpected error.
        lease: how many seconds a claim holds unless the worker renews it.
        off: periodic kinds that the settings turn off; their jobs would be overdue forever.
    """

    channel = queue.CHANNEL

    def __init__(
        self,
        app: Quart,
        database: Database,
        kinds: Sequence[JobKind],
        report: Callable[[BaseException], None],
        lease: float = LEASE_SECONDS,
        *,
        off: Sequence[JobKind] = (),
    ) -> None:
        super().__init__("jobs", STOP_SECONDS)
        self._app = app
        self._database = database
        self._report = report
        self._kinds = {kind.name: kind for kind in kinds}
        self._off = off
        self._lease = lease
        self._has_ensured_periodic = False
        self._runs: dict[uuid.UUID, asyncio.Task[None]] = {}
        self._renewer = _Renewer(database, self._runs, lease)

    async def start(self) -> None:
        """Start the worker; the database must be open."""
        self._has_ensured_periodic = False
        await super().start()
        await self._renewer.start()

    async def stop(self) -> None:
        """Wait for running jobs for a short time, and release the others."""
        await super().stop()
        if self._runs:
            await asyncio.wait(self._runs.values(), timeout=self._stop_seconds)
        for run in self._runs.values():
            run.cancel()
        await asyncio.gather(*self._runs.values(), return_exceptions=True)
        await self._renewer.stop()

    async def step(self) -> float:
        """Claim jobs that are due, and start them."""
        database, kinds = self._database, list(self._kinds.values())
        if not self._has_ensured_periodic:
            await queue.ensure_periodic_jobs(database, kinds, self._off)
            self._has_ensured_periodic = True
        if not (free := RUN_AT_ONCE - len(self._runs)):
            return seconds_to_wait(None)
        until_next = await queue.seconds_until_next(database, kinds)
        if until_next is None or until_next > 0:
            return seconds_to_wait(until_next)
        claimed = await queue.claim(database, kinds, free, self._lease)
        for job in claimed:
            self._start_run(job)
        return 0.0 if claimed else SHORTEST_WAIT

    def _start_run(self, claimed: Claimed) -> None:
        kind = self._kinds[claimed.kind]
        job = RunningJob(claimed, kind.every, self._database, self._stopping)
        run = asyncio.create_task(self._run(kind, job))
        self._runs[claimed.claim] = run
        run.add_done_callback(lambda _: self._end_run(claimed.claim))

    def _end_run(self, claim: uuid.UUID) -> None:
        del self._runs[claim]
        self.wake()

    async def _run(self, kind: JobKind, job: RunningJob) -> None:
        """Run a job and record the result; raises nothing but its cancellation."""
        claimed = job.claimed
        with spans.span(
            f"job {kind.name}",
            "CONSUMER",
            parent=claimed.trace_parent,
            job=claimed.id,
            attempt=claimed.attempts,
        ):
            await self._run_and_record(kind, job)

    async def _run_and_record(self, kind: JobKind, job: RunningJob) -> None:
        try:
            error = await self._try(kind, job)
            if error is not None:
                spans.fail(error)
            if not job.is_recorded:
                deadline = time.monotonic() + self._lease
                await retry_while_unavailable(lambda: self._record(kind, job, error), deadline)
        except asyncio.CancelledError:
            if not job.is_recorded:
                await self._release(job)
            raise
        except Exception as error:
            # The lease expires, and the job runs again.
            log.error(
                "the result of job %d (%s) could not be recorded",
                job.claimed.id,
                kind.name,
                exc_info=error,
            )

    async def _release(self, job: RunningJob) -> None:
        """Release a cancelled job, unless another worker has claimed it."""
        try:
            await claims.release(job.database, job.claimed)
        except Exception as error:
            # Not urgent: the lease expires.
            log.warning(
                "job %d (%s) could not be released: %s", job.claimed.id, job.claimed.kind, error
            )

    async def _try(self, kind: JobKind, job: RunningJob) -> Exception | None:
        """Run a job; returns the error, or `None`."""
        if kind.is_held_after(job.claimed.attempts - 1):
            return FailedForGoodError("each worker that ran it died")
        limit = asyncio.timeout(kind.seconds)
        try:
            async with self._app.app_context(), limit:
                await kind.run(job)
        except Exception as error:
            if limit.expired():
                return TimeoutError(f"took longer than {kind.seconds:g} s")
            return error
        return None

    async def _record(self, kind: JobKind, job: RunningJob, error: Exception | None) -> None:
        claimed = job.claimed
        if error is None:
            async with job.database.session() as session:
                await claims.finish(session, claimed, kind.every)
                await session.commit()
            return
        if isinstance(error, LostClaimError):
            log.info("job %d (%s) was claimed by another worker", claimed.id, kind.name)
            return
        text = f"{type(error).__name__}: {error}"
        if isinstance(error, TryLaterError):
            text = str(error)
            log.info("job %d (%s) will be retried: %s", claimed.id, kind.name, text)
        elif isinstance(error, FailedForGoodError) or is_unavailable(error):
            log.warning("job %d (%s) failed: %s", claimed.id, kind.name, text)
        else:
            log.warning("job %d (%s) failed in attempt %d", claimed.id, kind.name, claimed.attempts)
            self._report(error)
        if isinstance(error, FailedForGoodError) or kind.is_held_after(claimed.attempts):
            log.error("job %d (%s) has failed permanently", claimed.id, kind.name)
            await claims.hold(job.database, claimed, text)
        else:
            await claims.fail(job.database, claimed, text, kind.pause_after(claimed.attempts))


class _Renewer(Loop):
    """Renews the leases of running jobs, and cancels those whose claim is lost."""

    def __init__(
        self, database: Database, runs: dict[uuid.UUID, asyncio.Task[None]], lease: float
    ) -> None:
        super().__init__("leases of jobs", STOP_SECONDS)
        self._database = database
        self._runs = runs
        self._lease = lease

    async def step(self) -> float:
        """Renew all leases."""
        if running := list(self._runs):
            held = await queue.renew(self._database, running, self._lease)
            for claim in set(running) - held:
                if (run := self._runs.get(claim)) is not None:
                    run.cancel()
        return self._lease / 3
