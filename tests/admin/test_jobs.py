"""The background jobs as an administrator sees them."""

import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.admin.background.labels import KINDS
from blog.background_jobs import JOBS
from blog.core.clock import now
from blog.core.jobs.queue import REPEATED
from blog.core.web.app import Broadside
from blog.models import AuditEntry, Job, JobState, User
from blog.purging.jobs import PURGE_PAGES
from tests.jobs import stored_jobs
from tests.support import Browser

Add = Callable[..., Awaitable[Job]]


@pytest.fixture
def add(db: AsyncSession) -> Add:
    """Add a job that no worker runs: `await add("feed", state="failed")`."""

    async def add(kind: str, *, due: timedelta | datetime = timedelta(0), **values: Any) -> Job:
        due_at = due if isinstance(due, datetime) else now() + due
        job = Job(**{"kind": kind, "payload": {}, "due_at": due_at} | values)
        db.add(job)
        await db.commit()
        return job

    return add


async def states(app: Broadside) -> list[tuple[str, int]]:
    return [(job.state, job.attempts) for job in await stored_jobs(app)]


async def test_an_administrator_sees_how_many_jobs_there_are_and_what_failed(
    roots_browser: Browser, add: Add
) -> None:
    await add("make_thumbnails", state=JobState.FAILED, attempts=9, last_error="OSError: <no> file",
              payload={"image_id": 7, "done": True})  # fmt: skip
    for number in range(3):
        await add("send_digest", due=timedelta(days=number + 1))
    await add("send_webhook")
    await add("import_posts", state=JobState.RUNNING, due=timedelta(minutes=1))
    page = (await roots_browser.get("/admin/jobs")).text
    numbers = re.findall(r'state=(\w+)".*?class="number">([^<]+)<', page, re.DOTALL)
    assert numbers == [("failed", "1"), ("running", "1"), ("waiting", "1"), ("scheduled", "3")]
    assert re.search("Make thumbnails</bdi><br><span[^>]*>Image: <bdi>7</bdi></span>", page)
    assert "Done:" not in page
    assert "OSError: &lt;no&gt; file" in page
    assert "Send" not in page
    for state, kind in (("running", "Import posts"), ("waiting", "Send webhook")):
        page = (await roots_browser.get(f"/admin/jobs?state={state}")).text
        assert kind in page
        assert "thumbnails" not in page
    page = (await roots_browser.get("/admin/jobs?state=scheduled")).text
    assert page.count("<td><bdi>Send digest") == 3


def test_every_kind_of_job_has_a_label_that_can_be_translated() -> None:
    assert {*KINDS} == {kind.name for kind in (*JOBS, PURGE_PAGES)}


async def test_an_empty_list_says_what_that_means(roots_browser: Browser) -> None:
    for state, words in (
        ("failed", "No failed jobs"),
        ("running", "Nothing is running"),
        ("waiting", "Nothing is waiting"),
        ("scheduled", "Nothing is scheduled"),
    ):
        assert words in (await roots_browser.get(f"/admin/jobs?state={state}")).text
    assert (await roots_browser.get("/admin/jobs?state=lost")).status_code == 400


async def test_a_job_that_failed_is_done_again(
    roots_browser: Browser, add: Add, app: Broadside, db: AsyncSession
) -> None:
    job = await add("feed", state=JobState.FAILED, attempts=9, last_error="OSError")
    answer = await roots_browser.submit(f"/admin/jobs/{job.id}/retry", page="/admin/jobs")
    assert (answer.status_code, answer.headers["location"]) == (302, "/admin/jobs")
    assert f"Job {job.id} will run as soon as possible" in (await roots_browser.get("/")).text
    assert await states(app) == [("waiting", 0)]
    entry = (await db.scalars(select(AuditEntry))).one()
    assert (entry.actor_name, entry.act, entry.subject_id) == ("root", "retry job", None)
    assert entry.details == {"job": job.id, "kind": "feed"}
    assert "Retry job" in (await roots_browser.get("/admin/audit")).text


async def test_all_jobs_that_failed_are_done_again_and_of_those_with_a_key_one(
    roots_browser: Browser, add: Add, app: Broadside, db: AsyncSession
) -> None:
    for key in (None, None, "post 1", "post 1", "post 2"):
        await add("feed", state=JobState.FAILED, attempts=9, key=key)
    await add("feed", key="post 2")
    later = await add("feed", due=timedelta(days=1))
    await roots_browser.submit("/admin/jobs/retry", page="/admin/jobs")
    assert "3 jobs will run again" in (await roots_browser.get("/")).text
    jobs = await stored_jobs(app)
    assert [job.key for job in jobs] == [None, None, "post 1", "post 2", None]
    assert {job.state for job in jobs} == {"waiting"}
    assert [job.id for job in jobs if job.due_at > now()] == [later.id]
    assert (await db.scalars(select(AuditEntry.details))).all() == [{"number": 3}]


async def test_a_job_for_a_later_moment_can_be_run_now(
    roots_browser: Browser, add: Add, app: Broadside
) -> None:
    job = await add("feed", due=timedelta(days=1), key=REPEATED)
    await roots_browser.submit(
        f"/admin/jobs/{job.id}/retry",
        {"next": "/admin/jobs?state=scheduled"},
        page="/admin/jobs?state=scheduled",
    )
    (stored,) = await stored_jobs(app)
    assert stored.due_at <= now()


@pytest.mark.parametrize("state", list(JobState))
async def test_a_job_is_discarded(
    roots_browser: Browser, add: Add, app: Broadside, db: AsyncSession, state: JobState
) -> None:
    job = await add("feed", state=state)
    address = f"/admin/jobs/{job.id}/discard"
    page = f"/admin/jobs?state={state}"
    answer = await roots_browser.submit(address, {"next": page}, page=page)
    assert answer.headers["location"] == page
    assert await stored_jobs(app) == []
    assert (await db.scalars(select(AuditEntry.act))).all() == ["discard job"]


async def test_an_impossible_action_is_reported_and_not_audited(
    roots_browser: Browser, add: Add, app: Broadside, db: AsyncSession
) -> None:
    running = await add("feed", state=JobState.RUNNING)
    repeated = await add("clean", key=REPEATED)
    await add("feed", key="post 1")
    double = await add("feed", state=JobState.FAILED, key="post 1")
    for address, words in (
        (f"{running.id}/retry", "is running, or has finished"),
        (f"{double.id}/retry", "is running, or has finished"),
        ("999/retry", "is running, or has finished"),
        (f"{repeated.id}/discard", "has finished, or is a recurring job"),
        ("999/discard", "has finished, or is a recurring job"),
    ):
        await roots_browser.submit(f"/admin/jobs/{address}", page="/admin/jobs")
        assert words in (await roots_browser.get("/")).text, address
    assert await states(app) == [("running", 0), ("waiting", 0), ("waiting", 0), ("failed", 0)]
    assert (await db.scalars(select(AuditEntry))).all() == []
    page = (await roots_browser.get("/admin/jobs?state=waiting")).text
    assert f"/admin/jobs/{repeated.id}/discard" not in page


async def test_nothing_is_done_without_a_csrf_token(
    roots_browser: Browser, add: Add, app: Broadside
) -> None:
    job = await add("feed", state=JobState.FAILED)
    for act in ("retry", "discard"):
        answer = await roots_browser.post(f"/admin/jobs/{job.id}/{act}", data={})
        assert answer.status_code == 400
    assert await states(app) == [("failed", 0)]


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.WAITING])
async def test_a_long_list_shows_each_job_once(
    roots_browser: Browser, db: AsyncSession, state: JobState
) -> None:
    moment = now() - timedelta(hours=1)
    # Some at the same moment, as those are that one statement has added.
    db.add_all(
        Job(kind=f"job{number}", payload={}, state=state,
            due_at=moment - timedelta(seconds=number // 7))
        for number in range(620)
    )  # fmt: skip
    await db.commit()
    found: list[str] = []
    address = f"/admin/jobs?state={state}"
    while address:
        page = (await roots_browser.get(address)).text
        found += re.findall(r"<td><bdi>Job(\d+)", page)
        onward = re.search(r'rel="next" href="([^"]+)"', page)
        address = onward[1].replace("&amp;", "&") if onward else ""
    assert sorted(map(int, found)) == list(range(620))


async def test_nobody_else_sees_or_changes_jobs(
    susans_browser: Browser, make_user: Callable[..., Awaitable[User]], app: Broadside, add: Add
) -> None:
    job = await add("feed", state=JobState.FAILED)
    await make_user("maud", role="Moderator")
    async with Browser(app) as mauds_browser:
        await mauds_browser.log_in("maud")
        for visitor in (susans_browser, mauds_browser):
            assert (await visitor.get("/admin/jobs")).status_code == 403
            for act in ("retry", f"{job.id}/retry", f"{job.id}/discard"):
                assert (await visitor.submit(f"/admin/jobs/{act}", page="/")).status_code == 403
    assert await states(app) == [("failed", 0)]
