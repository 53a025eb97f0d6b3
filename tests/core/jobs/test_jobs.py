"""Background jobs, run by workers of this process on a real PostgreSQL."""

import asyncio
import logging
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.db.database_errors import DatabaseUnavailableError
from blog.core.jobs import claims, loop, queue
from blog.core.jobs.kinds import PAUSES, FailedForGoodError, JobKind, TryLaterError
from blog.core.jobs.queue import cancel, enqueue
from blog.core.jobs.running import RunningJob
from blog.core.web.app import Broadside, current_app
from blog.models import Job, JobState
from tests.jobs import at_work, stored_jobs
from tests.servers import START_SECONDS, until


class Done:
    """Records the payloads of the jobs that ran."""

    def __init__(self) -> None:
        self.what: list[object] = []
        self.at_once = self.most_at_once = 0

    async def note(self, job: RunningJob) -> None:
        """A job that only records its payload."""
        self.what.append(job.payload.get("what"))

    async def takes_a_moment(self, job: RunningJob) -> None:
        """A job that records how many of its kind run at the same time."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0.01)
        self.at_once -= 1
        await self.note(job)

    async def reaches(self, number: int) -> None:
        """Wait until this number of jobs has run."""

        async def has() -> bool:
            return len(self.what) >= number

        await until(has)


@pytest.fixture
def done() -> Done:
    return Done()


async def add(app: Broadside, kind: JobKind, *whats: object, **options: object) -> None:
    """Enqueue jobs in a separate transaction."""
    async with app.database.session() as session:
        for what in whats:
            await enqueue(session, kind, what=what, **options)  # type: ignore[arg-type]
        await session.commit()


async def no_jobs_left(app: Broadside) -> bool:
    return not await stored_jobs(app)


async def in_state(app: Broadside, state: JobState, error: str = "") -> Job:
    """Wait until the only job is in a state, with an error."""
    async with asyncio.timeout(START_SECONDS):
        while True:
            (job,) = await stored_jobs(app)
            if job.state == state and error in (job.last_error or ""):
                return job
            await asyncio.sleep(0.01)


async def test_a_job_runs_only_after_its_transaction_has_committed(
    app: Broadside, done: Done, db: AsyncSession
) -> None:
    kind = JobKind("note", done.note)
    async with at_work(app, kind):
        await enqueue(db, kind, what="never")
        await db.rollback()
        await enqueue(db, kind, what="once")
        await asyncio.sleep(0.05)
        assert done.what == []
        await db.commit()
        await done.reaches(1)
        await until(lambda: no_jobs_left(app))
    assert done.what == ["once"]


async def test_a_job_starts_right_after_the_commit(
    app: Broadside, done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", 3600.0)  # So only a notification can start it.
    kind = JobKind("note", done.note)
    delays = []
    async with at_work(app, kind):
        await add(app, kind, "first")
        await done.reaches(1)
        for number in range(2, 12):
            await asyncio.sleep(0.02)
            start = time.perf_counter()
            await add(app, kind, number)
            await done.reaches(number)
            delays.append(time.perf_counter() - start)
    print(f"from enqueue to run: median {1000 * sorted(delays)[5]:.0f} ms")  # noqa: T201


async def test_a_scheduled_job_runs_at_its_time_and_not_before(app: Broadside, done: Done) -> None:
    kind = JobKind("note", done.note)
    moment = now() + timedelta(seconds=0.4)
    async with at_work(app, kind):
        await add(app, kind, "later", at=moment)
        await add(app, kind, "now")
        await done.reaches(1)
        assert done.what == ["now"]
        await done.reaches(2)
        assert now() >= moment


async def test_a_job_that_became_due_without_a_worker_runs_once(app: Broadside, done: Done) -> None:
    kind = JobKind("note", done.note)
    await add(app, kind, "overdue", at=now() - timedelta(days=3))
    async with at_work(app, kind), at_work(app, kind):
        await until(lambda: no_jobs_left(app))
    assert done.what == ["overdue"]


async def test_a_missed_notification_only_delays_a_job(
    app: Broadside, done: Done, monkeypatch: pytest.MonkeyPatch, db: AsyncSession
) -> None:
    monkeypatch.setattr(loop, "POLL_SECONDS", 0.1)
    kind = JobKind("note", done.note)
    async with at_work(app, kind):
        await add(app, kind, "first")
        await done.reaches(1)
        db.add(Job(kind="note", payload={"what": "unannounced"}))
        await db.commit()
        await done.reaches(2)


async def test_jobs_run_in_the_context_of_the_application(app: Broadside, done: Done) -> None:
    async def run(job: RunningJob) -> None:
        done.what.append(current_app.settings.site_name)

    kind = JobKind("look", run)
    async with at_work(app, kind):
        await add(app, kind, None)
        await done.reaches(1)
    assert done.what == [app.settings.site_name]


@pytest.mark.parametrize("failures", range(1, len(PAUSES) + 2))
async def test_the_delay_between_attempts_grows_until_a_job_is_held(
    app: Broadside, failures: int
) -> None:
    async def fail(job: RunningJob) -> None:
        raise ZeroDivisionError("no way")

    kind = JobKind("fail", fail)
    await add(app, kind, None)
    async with app.database.session() as session:
        await session.execute(update(Job).values(attempts=failures - 1))
        await session.commit()
    async with at_work(app, kind):
        if failures > len(PAUSES):
            job = await in_state(app, JobState.FAILED)
        else:
            job = await in_state(app, JobState.WAITING, "no way")
            pause = PAUSES[failures - 1]
            assert pause * 0.9 < job.due_at - now() < pause * 1.21
    assert (job.attempts, job.last_error) == (failures, "ZeroDivisionError: no way")


async def test_an_unexpected_error_is_logged_with_its_job(
    app: Broadside, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(job: RunningJob) -> None:
        raise ZeroDivisionError("no way")

    kind = JobKind("fail", fail)
    await add(app, kind, None)
    async with at_work(app, kind):
        job = await in_state(app, JobState.WAITING, "no way")
    assert f"job {job.id} (fail) failed in attempt 1" in caplog.text
    assert "ZeroDivisionError: no way" in caplog.text


async def test_a_job_that_cannot_succeed_is_held_at_once(app: Broadside) -> None:
    async def fail(job: RunningJob) -> None:
        raise FailedForGoodError("there is no such file")

    kind = JobKind("fail", fail)
    await add(app, kind, None)
    async with at_work(app, kind):
        job = await in_state(app, JobState.FAILED)
    assert (job.attempts, job.claim) == (1, None)


async def test_a_job_that_cannot_run_yet_is_not_an_error(
    app: Broadside, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(job: RunningJob) -> None:
        raise TryLaterError("somebody has locked it")

    kind = JobKind("fail", fail, gives_up=False, pauses=[timedelta(0)])
    caplog.set_level(logging.WARNING)
    await add(app, kind, None)
    async with at_work(app, kind):

        async def is_tried_often() -> bool:
            return (await stored_jobs(app))[0].attempts > 5

        await until(is_tried_often)
    assert "somebody" not in caplog.text
    assert (await stored_jobs(app))[0].state != JobState.FAILED


async def test_a_job_that_takes_too_long_is_cancelled(app: Broadside) -> None:
    async def hang(job: RunningJob) -> None:
        await asyncio.sleep(60)

    kind = JobKind("hang", hang, seconds=0.05)
    await add(app, kind, None)
    async with at_work(app, kind):
        await in_state(app, JobState.WAITING, "took longer than 0.05 s")


async def test_the_concurrency_limit_of_a_kind_applies_across_workers(
    app: Broadside, done: Done
) -> None:
    kind = JobKind("note", done.takes_a_moment, at_once=3)
    await add(app, kind, *range(60))
    async with at_work(app, kind), at_work(app, kind), at_work(app, kind):
        await done.reaches(60)
    assert sorted(done.what) == list(range(60))  # type: ignore[type-var]
    assert 1 < done.most_at_once <= 3


async def test_a_kind_at_its_limit_does_not_block_other_kinds(app: Broadside, done: Done) -> None:
    is_open = asyncio.Event()

    async def wait(job: RunningJob) -> None:
        await is_open.wait()

    slow, quick = JobKind("wait", wait, at_once=1), JobKind("note", done.note)
    async with at_work(app, slow, quick):
        await add(app, slow, *range(10))
        await add(app, quick, "quick")
        await done.reaches(1)
        is_open.set()


async def test_two_workers_share_the_jobs_and_run_none_twice(app: Broadside, done: Done) -> None:
    shares = [0, 0]

    def worker_of(place: int) -> JobKind:
        async def run(job: RunningJob) -> None:
            shares[place] += 1
            await done.takes_a_moment(job)

        return JobKind("note", run, at_once=8)

    await add(app, worker_of(0), *range(100))
    async with at_work(app, worker_of(0)), at_work(app, worker_of(1)):
        await until(lambda: no_jobs_left(app))
    assert sorted(done.what) == list(range(100))  # type: ignore[type-var]
    assert min(shares) > 10


async def test_finishing_writes_exactly_once_even_if_the_lease_is_lost(
    app: Broadside, db: AsyncSession
) -> None:
    """As when a laptop sleeps and its process resumes after another one has finished the job."""
    claims = 0
    may_go_on = asyncio.Event()

    async def write(job: RunningJob) -> None:
        nonlocal claims
        claims += 1
        if claims == 1:
            await may_go_on.wait()
        async with job.finishing() as session:
            await session.execute(text("UPDATE roles SET name = name || '!' WHERE id = 1"))

    kind = JobKind("write", write)
    before = await db.scalar(text("SELECT name FROM roles WHERE id = 1"))
    await db.commit()
    await add(app, kind, None)
    try:
        async with at_work(app, kind, lease=600):
            await until(lambda: is_running(app))
            await db.execute(update(Job).values(due_at=func.now()))
            await db.commit()
            async with at_work(app, kind):
                await until(lambda: no_jobs_left(app))
            may_go_on.set()
        assert await db.scalar(text("SELECT name FROM roles WHERE id = 1")) == f"{before}!"
        assert claims == 2
    finally:
        await db.execute(text("UPDATE roles SET name = :name WHERE id = 1"), {"name": before})
        await db.commit()


async def is_running(app: Broadside) -> bool:
    return all(job.state == JobState.RUNNING for job in await stored_jobs(app))


async def test_a_lease_is_renewed_while_its_job_runs(app: Broadside, done: Done) -> None:
    async def slow(job: RunningJob) -> None:
        await asyncio.sleep(1.2)
        await done.note(job)

    kind = JobKind("slow", slow)
    await add(app, kind, "slow")
    async with at_work(app, kind, lease=0.4), at_work(app, kind, lease=0.4):
        await until(lambda: no_jobs_left(app))
    assert done.what == ["slow"]


async def test_another_worker_takes_over_a_dead_workers_job_when_its_lease_ends(
    app: Broadside, done: Done
) -> None:
    kind = JobKind("note", done.note)
    await add(app, kind, "left")
    assert await queue.claim(app.database, [kind], 10, 0.5)
    start = time.monotonic()
    async with at_work(app, kind):
        await done.reaches(1)
    assert time.monotonic() - start > 0.4


async def test_a_job_that_kills_its_workers_is_held(app: Broadside, done: Done) -> None:
    kind = JobKind("note", done.note, pauses=[timedelta(0)])
    await add(app, kind, "poison")
    for _ in range(2):
        assert await queue.claim(app.database, [kind], 10, 0.0)
    async with at_work(app, kind):
        job = await in_state(app, JobState.FAILED)
    assert (done.what, job.attempts) == ([], 3)


async def test_a_worker_that_lost_its_claim_records_nothing(app: Broadside, done: Done) -> None:
    kind = JobKind("note", done.note)
    await add(app, kind, "mine")
    (overslept,) = await queue.claim(app.database, [kind], 10, 0.0)
    (_,) = await queue.claim(app.database, [kind], 10, 60)
    await claims.fail(app.database, overslept, "too late", timedelta(0))
    await claims.hold(app.database, overslept, "too late")
    await claims.release(app.database, overslept)
    async with app.database.session() as session:
        assert not await claims.finish(session, overslept, kind.every)
    (job,) = await stored_jobs(app)
    assert (job.state, job.attempts, job.last_error) == ("running", 2, None)


async def test_a_discarded_job_is_cancelled(app: Broadside, db: AsyncSession) -> None:
    is_broken_off = asyncio.Event()

    async def hang(job: RunningJob) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            is_broken_off.set()
            raise

    kind = JobKind("hang", hang)
    await add(app, kind, None)
    async with at_work(app, kind, lease=0.3):
        await until(lambda: is_running(app))
        await db.execute(text("DELETE FROM jobs"))
        await db.commit()
        await asyncio.wait_for(is_broken_off.wait(), 10)


async def test_a_stopped_worker_releases_its_jobs(
    app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hang(job: RunningJob) -> None:
        await asyncio.sleep(60)

    kind = JobKind("hang", hang)
    await add(app, kind, None)
    async with at_work(app, kind) as worker:
        worker._stop_seconds = 0.01
        await until(lambda: is_running(app))
    (job,) = await stored_jobs(app)
    assert (job.state, job.attempts, job.claim) == ("waiting", 0, None)
    assert job.due_at <= now()


async def test_a_stopped_worker_lets_a_job_finish_that_is_nearly_done(
    app: Broadside, done: Done
) -> None:
    async def notice(job: RunningJob) -> None:
        await job.stopping.wait()
        await done.note(job)

    kind = JobKind("notice", notice)
    await add(app, kind, "noticed")
    async with at_work(app, kind):
        await until(lambda: is_running(app))
    assert done.what == ["noticed"]
    assert await stored_jobs(app) == []


async def test_a_recurring_job_runs_at_the_start_and_then_on_schedule(
    app: Broadside, done: Done
) -> None:
    kind = JobKind("note", done.note, every=timedelta(hours=1))
    for _ in range(2):
        async with at_work(app, kind), at_work(app, kind):
            await done.reaches(1)
            await until(lambda: is_due_later(app))
        (job,) = await stored_jobs(app)
        assert (job.kind, job.state, job.attempts) == ("note", "waiting", 0)
        assert job.due_at > now()
        assert (job.due_at.minute, job.due_at.second) == (0, 0)
    assert len(done.what) == 1


async def test_a_recurring_job_that_missed_several_runs_runs_once(
    app: Broadside, done: Done, db: AsyncSession
) -> None:
    kind = JobKind("note", done.note, every=timedelta(minutes=1))
    async with at_work(app, kind):
        await done.reaches(1)
    await db.execute(update(Job).values(due_at=now() - timedelta(days=2)))
    await db.commit()
    async with at_work(app, kind):
        await done.reaches(2)
        await until(lambda: is_due_later(app))
    assert len(done.what) == 2


async def is_due_later(app: Broadside) -> bool:
    (job,) = await stored_jobs(app)
    return job.due_at > now() and job.state == JobState.WAITING


async def test_a_recurring_job_is_never_held(app: Broadside, db: AsyncSession) -> None:
    async def fail(job: RunningJob) -> None:
        raise ZeroDivisionError("no way")

    kind = JobKind("fail", fail, every=timedelta(minutes=10))
    await queue.ensure_periodic_jobs(app.database, [kind])
    await db.execute(update(Job).values(attempts=100))
    await db.commit()
    async with at_work(app, kind):
        job = await in_state(app, JobState.WAITING, "no way")
    assert (job.state, job.attempts) == ("waiting", 101)
    assert timedelta(minutes=9) < job.due_at - now() < timedelta(minutes=13)


async def test_a_periodic_job_that_is_turned_off_is_gone(app: Broadside, done: Done) -> None:
    on, off = (JobKind(name, done.note, every=timedelta(hours=1)) for name in ("on", "off"))
    await queue.ensure_periodic_jobs(app.database, [on, off])
    await queue.ensure_periodic_jobs(app.database, [on], off=[off])
    assert [job.kind for job in await stored_jobs(app)] == ["on"]


async def test_a_periodic_job_cannot_be_enqueued(done: Done, db: AsyncSession) -> None:
    with pytest.raises(ValueError, match="note is periodic"):
        await enqueue(db, JobKind("note", done.note, every=timedelta(hours=1)))


async def test_only_one_job_with_a_key_waits_and_it_is_rescheduled(
    app: Broadside, done: Done, db: AsyncSession
) -> None:
    kind = JobKind("note", done.note)
    await add(app, kind, "tomorrow", key="post 7", at=now() + timedelta(days=1))
    await add(app, kind, "other", key="post 8", at=now() + timedelta(days=1))
    await add(app, kind, "now", key="post 7")
    async with at_work(app, kind):
        await done.reaches(1)
    assert done.what == ["now"]
    await cancel(db, kind, "post 8")
    await db.commit()
    assert await stored_jobs(app) == []


async def test_a_job_that_is_enqueued_again_while_it_runs_runs_again(
    app: Broadside, done: Done
) -> None:
    may_end = asyncio.Event()

    async def run(job: RunningJob) -> None:
        await done.note(job)
        await may_end.wait()

    kind = JobKind("note", run)
    async with at_work(app, kind):
        await add(app, kind, "first", key="counts")
        await done.reaches(1)
        await add(app, kind, "second", key="counts")
        await add(app, kind, "third", key="counts")
        may_end.set()
        await until(lambda: no_jobs_left(app))
    assert done.what == ["first", "third"]


async def test_a_failed_job_is_replaced_by_a_new_one_with_its_key(
    app: Broadside, done: Done
) -> None:
    kind = JobKind("note", done.note)
    await add(app, kind, "first", key="counts")
    (claimed,) = await queue.claim(app.database, [kind], 1, 60)
    await add(app, kind, "second", key="counts")
    await claims.fail(app.database, claimed, "no", timedelta(0))
    (job,) = await stored_jobs(app)
    assert job.payload == {"what": "second"}


async def test_jobs_of_an_unknown_kind_are_left_alone(app: Broadside, done: Done) -> None:
    known, unknown = JobKind("note", done.note), JobKind("of another version", done.note)
    await add(app, unknown, "unknown")
    await add(app, known, "known")
    async with at_work(app, known):
        await done.reaches(1)
    (job,) = await stored_jobs(app)
    assert (job.kind, job.state, job.attempts) == ("of another version", "waiting", 0)


async def test_a_job_does_not_run_twice_after_a_database_outage(app: Broadside, done: Done) -> None:
    async def run(job: RunningJob) -> None:
        async with app.database.session() as session:
            others = (
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                "WHERE application_name LIKE 'broadside%' AND pid <> pg_backend_pid()"
            )
            await session.execute(text(others))
        await done.note(job)

    kind = JobKind("run", run)
    await add(app, kind, "once")

    async def is_done() -> bool:
        # The connections of the test itself are gone too, and asyncpg may hear of it in the middle
        # of a statement.
        with suppress(DBAPIError, DatabaseUnavailableError):
            return await no_jobs_left(app)
        return False

    async with at_work(app, kind):
        await until(is_done)
    assert done.what == ["once"]


async def test_an_idle_worker_hardly_queries_the_database(
    app: Broadside, done: Done, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = 0
    until_next = queue.seconds_until_next

    async def counted(*arguments: object) -> float | None:
        nonlocal asked
        asked += 1
        return await until_next(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(queue, "seconds_until_next", counted)
    kind = JobKind("note", done.note)
    async with at_work(app, kind):
        await add(app, kind, "first")
        await until(lambda: no_jobs_left(app))

        async def asks_nothing_for_a_second() -> bool:
            before = asked
            await asyncio.sleep(1)
            return asked == before

        await until(asks_nothing_for_a_second)


async def test_a_hundred_thousand_jobs_are_claimed_a_few_at_a_time(
    app: Broadside, done: Done, db: AsyncSession
) -> None:
    await db.execute(
        text(
            "INSERT INTO jobs (kind, payload, state) SELECT 'note', '{}', 'waiting'"
            " FROM generate_series(1, 100000)"
        )
    )
    await db.commit()
    kind = JobKind("note", done.note, at_once=4)
    claimed = await queue.claim(app.database, [kind], 4, 60)
    assert len(claimed) == 4
    assert await db.scalar(select(func.count()).where(Job.state == JobState.RUNNING)) == 4
