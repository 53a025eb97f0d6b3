"""`/status`: what works, what doesn't, and since when."""

import asyncio
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.jobs.claims import Claimed
from blog.core.jobs.queue import REPEATED
from blog.core.jobs.running import RunningJob
from blog.core.storage.interface import StorageUnavailableError
from blog.core.web.app import Broadside
from blog.models import BackupAction, BackupRun, Component, Email, EmailState, Incident, Job
from blog.status.jobs import WATCH_COMPONENTS, watch_components
from blog.status.queries import WATCH
from blog.status.service import delete_old_incidents
from tests.admin.conftest import root, roots_browser
from tests.support import Browser
from tests.web.test_metrics import figure

__all__ = ["root", "roots_browser"]


async def incidents(db: AsyncSession) -> Sequence[tuple[str, bool]]:
    """The components that had one, and whether it is over."""
    rows = await db.execute(select(Incident.component, Incident.ended_at).order_by(Incident.id))
    await db.commit()
    return [(component, ended_at is not None) for component, ended_at in rows]


class InMemoryJob(RunningJob):
    """A run that keeps its progress in memory."""

    async def save_progress(self, **payload: object) -> None:
        self.claimed = self.claimed._replace(payload=payload)


async def watch(app: Broadside, watched_at: datetime | None = None) -> None:
    """Let a worker watch once, whose last run was at a time."""
    payload = {"watched_at": watched_at.isoformat()} if watched_at else {}
    claimed = Claimed(0, WATCH, payload, 1, uuid.uuid4())
    job = InMemoryJob(claimed, WATCH_COMPONENTS.every, app.database, asyncio.Event())
    async with app.app_context():
        await watch_components(job)
    assert datetime.fromisoformat(job.payload["watched_at"]) > now() - timedelta(minutes=1)


async def add_mail(db: AsyncSession, recipient: str, **values: object) -> None:
    db.add(
        Email(
            purpose="x", recipient=recipient, subject="x", text="x", html="x",
            **{"created_at": now() - timedelta(hours=1)} | values,
        )
    )  # fmt: skip
    await db.commit()


async def test_what_does_not_work_is_recorded_and_shown_until_it_works_again(
    app: Broadside, db: AsyncSession, browser: Browser, roots_browser: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await add_mail(db, "one@example.com", attempts=3, due_at=now() + timedelta(hours=1))
    await watch(app)
    assert await incidents(db) == [], "one person whose mail server refuses"
    page = (await browser.get("/status")).text
    assert "Everything on " in page
    assert "No known incidents." in page
    assert "test restore" not in page

    await add_mail(db, "two@example.com", due_at=now() - timedelta(hours=1))

    async def fail(_key: str) -> None:
        raise StorageUnavailableError("no bucket")

    with monkeypatch.context() as patch:
        patch.setattr(app.storage, "stat", fail)
        for _ in range(2):
            await watch(app, now() - timedelta(hours=2) if not await incidents(db) else now())
    assert await incidents(db) == [("jobs", True), ("mail", False), ("files", False)]
    page = (await browser.get("/status")).text
    assert page.count("Not working") == 2
    assert "Background work: from" in page
    works = [await figure(app, "component_up", component=each) for each in Component]
    assert works == [1, 0, 0]

    later = now()
    await add_mail(db, "two@example.com", state=EmailState.SENT, created_at=later, sent_at=later)
    await watch(app, later)
    assert await incidents(db) == [("jobs", True), ("mail", True), ("files", True)]
    page = (await browser.get("/status")).text
    assert ("Everything on " in page, page.count("Not working")) == (True, 0)
    assert [page.count(f"<p>{name}: from") for name in ("Email", "Images and files")] == [1, 1]

    # Nothing runs that could record this.
    db.add(Job(kind=WATCH, key=REPEATED, payload={}, due_at=now() - timedelta(hours=1)))
    db.add(
        BackupRun(
            action=BackupAction.PROOF, target="x", name="x", began_at=later, ended_at=later
        )
    )  # fmt: skip
    await db.commit()
    page = (await roots_browser.get("/status")).text
    assert page.count("Not working") == 1
    assert "Last successful test restore" in page

    await db.execute(update(Incident).values(began_at=now() - timedelta(days=500)))
    assert await delete_old_incidents(db) == 3
