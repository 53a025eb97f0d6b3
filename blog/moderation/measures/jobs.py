"""The jobs that hide everything by a person, and unhide it when the measure ends.

Each batch is a transaction, and a killed job resumes. Rows are locked in the order posts, comments,
reports, and the measure last: a batch is committed only if the measure is still in force.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.events.handlers import record
from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.models import Comment, Measure, MeasureItem, Post, PostStatus, Report, ReportState
from blog.moderation.events import (
    CommentDisabled,
    CommentEnabled,
    PostHidden,
    PostShown,
    ReportClosed,
)
from blog.posts.mentions import notify_mentioned

ROWS_AT_ONCE = 100
# How long a job works before it yields to others.
TURN_SECONDS = 10.0
Batch = Callable[[AsyncSession, Measure], Awaitable[bool]]


async def hide_everything(job: RunningJob) -> None:
    """Hide everything a person wrote before the measure was taken."""
    await _run_in_batches(job, _hide_posts, _disable_comments, in_force=True)


async def show_everything(job: RunningJob) -> None:
    """Unhide what a measure has hidden, except for what moderators have already unhidden."""
    await _run_in_batches(job, _show_posts, _enable_comments, in_force=False)


HIDE_EVERYTHING = JobKind("hide_everything", hide_everything)
SHOW_EVERYTHING = JobKind("show_everything", show_everything)


async def _run_in_batches(job: RunningJob, *steps: Batch, in_force: bool) -> None:
    end = time.monotonic() + TURN_SECONDS
    while time.monotonic() < end and not job.stopping.is_set():
        start = time.monotonic()
        async with job.database.session() as session:
            measure = await session.get(Measure, job.payload["measure_id"])
            if measure is None:
                return
            for step in steps:
                if await step(session, measure):
                    break
            else:
                return
            ended_at = select(Measure.ended_at).where(Measure.id == measure.id)
            rows = await session.execute(ended_at.with_for_update(read=True))
            if [ended is None for (ended,) in rows] != [in_force]:
                return
            await session.commit()
        # Leave half of the time to transactions that wait for the same rows.
        await asyncio.sleep(time.monotonic() - start)
    await job.requeue()


async def _hide_posts(session: AsyncSession, measure: Measure) -> bool:
    """Hide some posts; returns whether there were any."""
    theirs = select(Post.id).where(
        Post.author_id == measure.person_id, Post.status == PostStatus.PUBLISHED,
        Post.hidden_at.is_(None), Post.published_at <= measure.created_at,
    )  # fmt: skip
    posts = await _lock_posts(session, theirs.order_by(Post.id).limit(ROWS_AT_ONCE))
    if not posts:
        return False
    hidden = update(Post).where(Post.id.in_(posts))
    await session.execute(
        hidden.values(hidden_at=now(), hidden_reason=measure.reason),
        execution_options={"synchronize_session": False},
    )
    await _save_items(session, measure, "post_id", posts)
    await _resolve_reports(session, measure, Report.post_id.in_(posts))
    moderator = measure.moderator_id or 0
    events = [
        PostHidden(post, measure.person_id, moderator, with_everything=True) for post in posts
    ]
    await record(session, *events)
    return True


async def _disable_comments(session: AsyncSession, measure: Measure) -> bool:
    """Disable some comments; returns whether there were any."""
    theirs = select(Comment.id).where(
        Comment.author_id == measure.person_id, Comment.disabled_at.is_(None),
        Comment.created_at <= measure.created_at,
    )  # fmt: skip
    found = (await session.scalars(theirs.order_by(Comment.id).limit(ROWS_AT_ONCE))).all()
    if not found:
        return False
    comments = await _lock_comments(session, found, Comment.disabled_at.is_(None))
    disabled = update(Comment).where(Comment.id.in_(comments))
    await session.execute(
        disabled.values(
            disabled_at=now(), disabled_by_id=measure.moderator_id, disabled_reason=measure.reason
        ),
        execution_options={"synchronize_session": False},
    )
    await _save_items(session, measure, "comment_id", list(comments))
    await _resolve_reports(session, measure, Report.comment_id.in_(comments))
    moderator = measure.moderator_id or 0
    events = [
        CommentDisabled(comment, post, measure.person_id, moderator, with_everything=True)
        for comment, post in comments.items()
    ]
    if events:
        await record(session, *events)
    return True


async def _show_posts(session: AsyncSession, measure: Measure) -> bool:
    """Unhide some posts; returns whether there were any."""
    items = select(MeasureItem.post_id).where(
        MeasureItem.measure_id == measure.id, MeasureItem.post_id.is_not(None)
    )
    posts = await _lock_posts(session, select(Post.id).where(Post.id.in_(items)).order_by(Post.id)
                          .limit(ROWS_AT_ONCE))  # fmt: skip
    if not posts:
        return False
    shown = update(Post).where(Post.id.in_(posts))
    await session.execute(
        shown.values(hidden_at=None, hidden_reason=None),
        execution_options={"synchronize_session": False},
    )
    await session.execute(delete(MeasureItem).where(MeasureItem.post_id.in_(posts)))
    events = [PostShown(post, measure.person_id, 0, with_everything=True) for post in posts]
    await record(session, *events)
    await notify_mentioned(session, posts=posts)
    return True


async def _enable_comments(session: AsyncSession, measure: Measure) -> bool:
    """Enable some comments; returns whether there were any."""
    items = select(MeasureItem.comment_id).where(
        MeasureItem.measure_id == measure.id, MeasureItem.comment_id.is_not(None)
    )
    found = (await session.scalars(items.order_by(MeasureItem.id).limit(ROWS_AT_ONCE))).all()
    if not found:
        return False
    comments = await _lock_comments(session, [each for each in found if each is not None])
    enabled = update(Comment).where(Comment.id.in_(comments))
    await session.execute(
        enabled.values(disabled_at=None, disabled_by_id=None, disabled_reason=None),
        execution_options={"synchronize_session": False},
    )
    await session.execute(delete(MeasureItem).where(MeasureItem.comment_id.in_(found)))
    events = [
        CommentEnabled(comment, post, measure.person_id, 0, with_everything=True)
        for comment, post in comments.items()
    ]
    if events:
        await record(session, *events)
        await notify_mentioned(session, comments=list(comments))
    return True


async def _lock_posts(session: AsyncSession, posts: Select[Any]) -> Sequence[int]:
    return (await session.scalars(posts.with_for_update(key_share=True, of=Post))).all()


async def _lock_comments(
    session: AsyncSession, found: Sequence[int], *conditions: ColumnElement[bool]
) -> dict[int, int]:
    """Lock comments after their posts; returns the posts by comment.

    Comments that are deleted or no longer meet the conditions are left out.
    """
    posts_above = select(Comment.post_id).where(Comment.id.in_(found))
    posts = select(Post.id).where(Post.id.in_(posts_above)).order_by(Post.id)
    await session.execute(posts.with_for_update(read=True, key_share=True))
    comments = (
        select(Comment.id, Comment.post_id)
        .where(Comment.id.in_(found), Comment.author_id.is_not(None), *conditions)
        .order_by(Comment.id)
        .with_for_update(key_share=True)
    )
    return {row.id: row.post_id for row in await session.execute(comments)}


async def _save_items(
    session: AsyncSession, measure: Measure, column: str, rows: Sequence[int]
) -> None:
    items = [{"measure_id": measure.id, column: row} for row in rows]
    if items:
        await session.execute(insert(MeasureItem).values(items).on_conflict_do_nothing())


async def _resolve_reports(
    session: AsyncSession, measure: Measure, about: ColumnElement[bool]
) -> None:
    """Resolve the reports about hidden posts or comments."""
    resolved = await session.execute(
        update(Report)
        .where(about, Report.closed_at.is_(None))
        .values(
            state=ReportState.RESOLVED, closed_at=now(), closed_by_id=measure.moderator_id,
            remark=measure.reason,
        )
        .returning(Report.id, Report.reporter_id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if closed := [ReportClosed(*report, measure.moderator_id or 0) for report in resolved]:
        await record(session, *closed)
