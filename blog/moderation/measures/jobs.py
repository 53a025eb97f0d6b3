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
from blog.models import (
    Comment,
    Measure,
    MeasureItem,
    MeasureKind,
    Post,
    PostStatus,
    Report,
    ReportState,
)
from blog.moderation.events import (
    CommentDisabled,
    CommentEnabled,
    PostHidden,
    PostShown,
    ReportClosed,
)
from blog.moderation.measures.demands import (
    is_hidden_in_bulk,
    is_hidden_with_everything,
    remaining_reasons,
)
from blog.posts.mentions import notify_mentioned

ROWS_AT_ONCE = 100
# How long a job works before it yields to others.
TURN_SECONDS = 10.0
Batch = Callable[[AsyncSession, Measure], Awaitable[bool]]


async def hide_everything(job: RunningJob) -> None:
    """Hide everything a person wrote before the measure was taken."""
    steps = (_hide_posts, _disable_comments, _record_hidden_posts, _record_disabled_comments)
    await _run_in_batches(job, *steps, in_force=True)


async def show_everything(job: RunningJob) -> None:
    """Unhide what a measure has hidden, except for what moderators have already unhidden, and what
    other measures hide as well."""
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


async def _record_hidden_posts(session: AsyncSession, measure: Measure) -> bool:
    """Record some posts that an act on a wave has already hidden; return whether there were any."""
    theirs = select(Post.id).where(
        Post.author_id == measure.person_id, Post.hidden_at.is_not(None),
        Post.published_at <= measure.created_at, is_hidden_in_bulk("post_id", Post.id),
        ~is_hidden_with_everything("post_id", Post.id),
    )  # fmt: skip
    posts = await _lock_posts(session, theirs.order_by(Post.id).limit(ROWS_AT_ONCE))
    await _save_items(session, measure, "post_id", posts)
    return bool(posts)


async def _record_disabled_comments(session: AsyncSession, measure: Measure) -> bool:
    """Record some comments that an act on a wave has already disabled; returns whether there were
    any."""
    theirs = select(Comment.id).where(
        Comment.author_id == measure.person_id, Comment.disabled_at.is_not(None),
        Comment.created_at <= measure.created_at, is_hidden_in_bulk("comment_id", Comment.id),
        ~is_hidden_with_everything("comment_id", Comment.id),
    )  # fmt: skip
    found = (await session.scalars(theirs.order_by(Comment.id).limit(ROWS_AT_ONCE))).all()
    comments = await _lock_comments(session, found, Comment.disabled_at.is_not(None))
    await _save_items(session, measure, "comment_id", list(comments))
    return bool(found)


async def _show_posts(session: AsyncSession, measure: Measure) -> bool:
    """Unhide some posts; returns whether there were any."""
    items = select(MeasureItem.post_id).where(
        MeasureItem.measure_id == measure.id, MeasureItem.post_id.is_not(None)
    )
    posts = await _lock_posts(session, select(Post.id).where(Post.id.in_(items)).order_by(Post.id)
                          .limit(ROWS_AT_ONCE))  # fmt: skip
    if not posts:
        return False
    await _pass_on(session, measure, MeasureItem.post_id.in_(posts))
    reasons = await remaining_reasons(session, "post_id", posts)
    for post_id, reason in reasons.items():
        await session.execute(
            update(Post).where(Post.id == post_id).values(hidden_reason=reason),
            execution_options={"synchronize_session": False},
        )
    if shown := [post for post in posts if post not in reasons]:
        await session.execute(
            update(Post).where(Post.id.in_(shown)).values(hidden_at=None, hidden_reason=None),
            execution_options={"synchronize_session": False},
        )
        events = [PostShown(post, measure.person_id, 0, with_everything=True) for post in shown]
        await record(session, *events)
        await notify_mentioned(session, posts=shown)
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
    await _pass_on(session, measure, MeasureItem.comment_id.in_(found))
    reasons = await remaining_reasons(session, "comment_id", list(comments))
    for comment_id, reason in reasons.items():
        await session.execute(
            update(Comment).where(Comment.id == comment_id).values(disabled_reason=reason),
            execution_options={"synchronize_session": False},
        )
    shown = {comment: post for comment, post in comments.items() if comment not in reasons}
    if shown:
        enabled = update(Comment).where(Comment.id.in_(shown))
        await session.execute(
            enabled.values(disabled_at=None, disabled_by_id=None, disabled_reason=None),
            execution_options={"synchronize_session": False},
        )
        events = [
            CommentEnabled(comment, post, measure.person_id, 0, with_everything=True)
            for comment, post in shown.items()
        ]
        await record(session, *events)
        await notify_mentioned(session, comments=list(shown))
    return True


async def _pass_on(session: AsyncSession, ended: Measure, items: ColumnElement[bool]) -> None:
    """Let what a measure has hidden be hidden by one that was taken after it and is in force, or
    else by none."""
    later = select(Measure.id).where(
        Measure.person_id == ended.person_id, Measure.kind == MeasureKind.HIDE_ALL,
        Measure.id > ended.id, Measure.ended_at.is_(None),
    )  # fmt: skip
    locked = later.order_by(Measure.id).with_for_update(read=True)
    in_force = (await session.scalars(locked)).all()
    of_ended = (MeasureItem.measure_id == ended.id, items)
    if in_force:
        await session.execute(
            update(MeasureItem).where(*of_ended).values(measure_id=in_force[0]),
            execution_options={"synchronize_session": False},
        )
    else:
        await session.execute(delete(MeasureItem).where(*of_ended))


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
