"""Old posts and comments are rendered anew after an update, by a job."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import delete, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs import claims, queue
from blog.core.jobs.claims import LostClaimError
from blog.core.jobs.kinds import TryLaterError
from blog.core.jobs.running import RunningJob
from blog.core.text.markdown import RENDERER_VERSION
from blog.core.text.process_pool import OverloadedError
from blog.core.web.app import Broadside
from blog.models import Comment, Job, Post, User
from blog.posts import jobs, rerendering
from blog.posts.jobs import RENDER_OLD_TEXTS
from tests.support import Browser

OLD, NEW, INTRICATE = "<p>old</p>", "<p><em>new</em></p>", "[" * 60_000
DONE = {"version": RENDERER_VERSION, "done": True}
AGAIN = {"version": RENDERER_VERSION}


@pytest.fixture
async def old_texts(db: AsyncSession, susan: User) -> None:
    """Four old posts, of which one is too complex today, and an old comment."""
    common = {"author_id": susan.id, "body_html": OLD, "renderer_version": 1}
    posts = [Post(body=body, **common) for body in ("*new*", "*new*", INTRICATE, "*new*")]
    db.add_all(posts)
    await db.flush()
    db.add(Comment(post_id=posts[0].id, body="*new*", **common))
    await db.commit()


async def claimed(app: Broadside) -> RunningJob:
    """The job, in the hands of a worker, as if it were due."""
    await queue.ensure_periodic_jobs(app.database, [RENDER_OLD_TEXTS])
    async with app.database.session() as session:
        await session.execute(update(Job).values(due_at=func.now()))
        await session.commit()
    (job,) = await queue.claim(app.database, [RENDER_OLD_TEXTS], 1, 30)
    return RunningJob(job, RENDER_OLD_TEXTS.every, app.database, asyncio.Event())


async def run(app: Broadside) -> dict[str, object]:
    """Run the job once; what it remembers."""
    job = await claimed(app)
    async with app.app_context():
        await RENDER_OLD_TEXTS.run(job)
    async with app.database.session() as session:
        if not job.is_recorded:
            assert await claims.finish(session, job.claimed, RENDER_OLD_TEXTS.every)
            await session.commit()
        payload: dict[str, object] = await session.scalar(select(Job.payload))
    return payload


async def looks(db: AsyncSession) -> list[str]:
    """The HTML of the posts and of the comment."""
    await db.rollback()
    posts = await db.scalars(select(Post.body_html).order_by(Post.id))
    return [*posts, *await db.scalars(select(Comment.body_html))]


async def test_it_renders_what_is_old_and_changes_nothing_else(
    app: Broadside, db: AsyncSession, browser: Browser, old_texts: None
) -> None:
    columns = (Post.id, Post.version, Post.edited_at, Post.published_at, Post.body)
    before = [tuple(row) for row in await db.execute(select(*columns).order_by(Post.id))]
    assert await run(app) == AGAIN
    assert await looks(db) == [NEW, NEW, OLD, NEW, NEW]
    assert [tuple(row) for row in await db.execute(select(*columns).order_by(Post.id))] == before
    assert "<em>new</em>" in (await browser.get("/post/1")).text


async def test_it_looks_once_more_for_what_an_old_process_wrote_and_then_stops(
    app: Broadside, db: AsyncSession, old_texts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run(app)
    await db.execute(update(Post).where(Post.id == 2).values(body_html=OLD, renderer_version=1))
    await db.commit()
    assert await run(app) == AGAIN
    assert await run(app) == DONE
    assert await looks(db) == [NEW, NEW, OLD, NEW, NEW]

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("it looks for old texts")

    monkeypatch.setattr(jobs, "rerender", refuse)
    assert await run(app) == DONE
    monkeypatch.setattr(jobs, "RENDERER_VERSION", RENDERER_VERSION + 1)
    with pytest.raises(AssertionError, match="it looks"):
        await run(app)


async def test_stopped_it_goes_on_after_the_last_batch(
    app: Broadside, db: AsyncSession, old_texts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "BATCH", 1)
    monkeypatch.setattr(jobs, "RUN_SECONDS", 0)
    states = [await run(app) for _ in range(3)]
    assert states == [
        AGAIN | {"posts": 1, "rendered": 1}, AGAIN | {"posts": 2, "rendered": 2},
        AGAIN | {"posts": 3, "rendered": 2},
    ]  # fmt: skip
    assert await looks(db) == [NEW, NEW, OLD, OLD, OLD]
    monkeypatch.setattr(jobs, "RUN_SECONDS", 60)
    assert await run(app) == AGAIN
    assert await looks(db) == [NEW, NEW, OLD, NEW, NEW]


async def test_ids_with_wide_gaps_are_passed_over(
    app: Broadside, db: AsyncSession, old_texts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rerendering, "WINDOW", 2)
    await db.execute(delete(Post).where(Post.id == 2))
    await db.execute(text("DELETE FROM post_search WHERE post_id = 4"))
    await db.execute(text("UPDATE posts SET id = 20 WHERE id = 4"))
    await db.commit()
    assert await run(app) == AGAIN
    assert await looks(db) == [NEW, OLD, NEW, NEW]


async def test_an_edit_meanwhile_wins(
    app: Broadside, db: AsyncSession, old_texts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = app.renderer.rerender

    async def edit_and_render(render: Callable[[str], str], source: str) -> str | None:
        edited = {"body": "edited", "body_html": "<p>edited</p>"}
        await db.execute(update(Post).where(Post.id == 1).values(edited))
        await db.commit()
        return await again(render, source)

    monkeypatch.setattr(app.renderer, "rerender", edit_and_render)
    await run(app)
    assert (await looks(db))[:2] == ["<p>edited</p>", NEW]


async def test_it_gives_way_to_a_busy_renderer(
    app: Broadside, old_texts: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object) -> None:
        raise OverloadedError

    monkeypatch.setattr(app.renderer, "rerender", refuse)
    with pytest.raises(TryLaterError):
        await run(app)


async def test_a_worker_that_has_lost_the_job_writes_nothing_down(
    app: Broadside, db: AsyncSession, old_texts: None
) -> None:
    job = await claimed(app)
    await db.execute(update(Job).values(claim=func.gen_random_uuid()))
    await db.commit()
    async with app.app_context():
        with pytest.raises(LostClaimError):
            await RENDER_OLD_TEXTS.run(job)
    assert await db.scalar(select(Job.payload)) == {}
