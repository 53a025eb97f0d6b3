"""What the job does about the people of a wave, some rows in each transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountDisabled
from blog.accounts.sessions.service import end_all_access
from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import NotFoundError
from blog.core.events.handlers import record
from blog.core.text.wall_times import wall_text
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import (
    BulkAct,
    BulkChange,
    Comment,
    HeldItem,
    HeldKind,
    Measure,
    MeasureKind,
    Permission,
    Post,
    PostStatus,
    User,
)
from blog.moderation.events import CommentDisabled, PostHidden
from blog.moderation.measures import mails
from blog.moderation.measures.demands import (
    Column,
    is_hidden_by,
    is_hidden_in_bulk,
    is_hidden_with_everything,
)
from blog.moderation.measures.service import lock_person
from blog.moderation.review.service import put_aside
from blog.moderation.rules import Grounds
from blog.moderation.waves.service import locked_act, next_person, note_done
from blog.posts.fields import lock_author, tag_ids

ROWS_AT_ONCE = 20


async def act_on_some(session: AsyncSession, act_id: int) -> bool:
    """Do a part of an act; commits.

    Returns:
        Whether there is nothing left to do.
    """
    act = await locked_act(session, act_id)
    if act is None or act.undone_at is not None:
        return True
    person_id = await next_person(session, act)
    if person_id is None:
        act.finished_at = act.finished_at or now()
        await session.commit()
        return True
    try:
        is_done = await _act_on(session, act, person_id)
    except NotFoundError:  # Their account was deleted meanwhile.
        is_done = True
    if is_done:
        await note_done(session, act, person_id)
    await session.commit()
    return False


async def _act_on(session: AsyncSession, act: BulkAct, person_id: int) -> bool:
    """Do a part of the act for a person. Returns whether nothing is left to do for them."""
    if act.hides:
        for step in (_hide_posts, _hide_comments, _record_hidden_posts, _record_hidden_comments):
            if await step(session, act, person_id):
                return False
    if act.refuses and await _refuse_held(session, act, person_id):
        return False
    person = await lock_person(session, person_id)
    if person.role.grants(Permission.MODERATE):
        return True
    if act.disables and not person.is_disabled:
        await _disable(session, act, person)
    elif act.disables and await _is_disabled_by_measure(session, person_id):
        # It stays disabled when that measure ends.
        await _save_measures(session, act, [_measure(act, person_id, kind=MeasureKind.DISABLE)])
    elif act.hides and not person.is_disabled:
        await _mail_about_hidden(session, act, person)
    return True


async def _hide_posts(session: AsyncSession, act: BulkAct, person_id: int) -> bool:
    theirs = (
        select(Post)
        .where(Post.author_id == person_id, Post.published_at >= act.since)
        .where(Post.status == PostStatus.PUBLISHED, Post.hidden_at.is_(None))
        .order_by(Post.id)
        .limit(ROWS_AT_ONCE)
        .with_for_update()
    )
    posts = (await session.scalars(theirs.execution_options(populate_existing=True))).all()
    if not posts:
        return False
    # All tags before the author, in the order of all writers.
    await tag_ids(session, (), of_posts=[post.id for post in posts])
    await lock_author(session, person_id)
    for post in posts:
        post.hidden_at, post.hidden_reason = now(), act.reason
    await _save_measures(
        session, act, [_measure(act, person_id, post_id=post.id) for post in posts]
    )
    events = [
        PostHidden(post.id, person_id, act.moderator_id or 0, with_everything=True)
        for post in posts
    ]
    await record(session, *events)
    return True


async def _hide_comments(session: AsyncSession, act: BulkAct, person_id: int) -> bool:
    theirs = (Comment.author_id == person_id, Comment.disabled_at.is_(None))
    some = (
        select(Comment.id, Comment.post_id)
        .where(*theirs, Comment.created_at >= act.since)
        .order_by(Comment.id)
        .limit(ROWS_AT_ONCE)
    )
    rows = (await session.execute(some)).all()
    if not rows:
        return False
    posts = select(Post.id).where(Post.id.in_({row.post_id for row in rows})).order_by(Post.id)
    await session.execute(posts.with_for_update(key_share=True))
    locked = select(Comment).where(Comment.id.in_([row.id for row in rows]), *theirs)
    comments = (
        await session.scalars(
            locked.order_by(Comment.id)
            .with_for_update(key_share=True)
            .execution_options(populate_existing=True)
        )
    ).all()
    for comment in comments:
        comment.disabled_at, comment.disabled_by_id = now(), act.moderator_id
        comment.disabled_reason = act.reason
    await _save_measures(
        session, act, [_measure(act, person_id, comment_id=each.id) for each in comments]
    )
    moderator = act.moderator_id or 0
    await record(
        session,
        *(
            CommentDisabled(each.id, each.post_id, person_id, moderator, with_everything=True)
            for each in comments
        ),
    )
    return True


async def _record_hidden_posts(session: AsyncSession, act: BulkAct, person_id: int) -> bool:
    """Record some posts that are already hidden by measures which may end separately.

    Returns:
        Whether there were any.
    """
    theirs = (
        select(Post.id)
        .where(Post.author_id == person_id, Post.published_at >= act.since)
        .where(Post.hidden_at.is_not(None), *_hidden_by_others(act, "post_id", Post.id))
        .order_by(Post.id)
        .limit(ROWS_AT_ONCE)
        .with_for_update(key_share=True)
    )
    ids = (await session.scalars(theirs)).all()
    await _save_measures(
        session, act, [_measure(act, person_id, post_id=post_id) for post_id in ids]
    )
    return bool(ids)


async def _record_hidden_comments(session: AsyncSession, act: BulkAct, person_id: int) -> bool:
    """Like `_record_hidden_posts`, for comments."""
    theirs = (
        select(Comment.id)
        .where(Comment.author_id == person_id, Comment.created_at >= act.since)
        .where(Comment.disabled_at.is_not(None), *_hidden_by_others(act, "comment_id", Comment.id))
        .order_by(Comment.id)
        .limit(ROWS_AT_ONCE)
        .with_for_update(key_share=True)
    )
    ids = (await session.scalars(theirs)).all()
    await _save_measures(session, act, [_measure(act, person_id, comment_id=each) for each in ids])
    return bool(ids)


def _hidden_by_others(act: BulkAct, column: Column, row_id: Any) -> tuple[ColumnElement[bool], ...]:
    others = or_(is_hidden_with_everything(column, row_id), is_hidden_in_bulk(column, row_id))
    return (others, ~is_hidden_by(act.id, column, row_id))


async def _is_disabled_by_measure(session: AsyncSession, person_id: int) -> bool:
    disabling = select(Measure.id).where(
        Measure.person_id == person_id, Measure.kind == MeasureKind.DISABLE,
        Measure.ended_at.is_(None),
    )  # fmt: skip
    return await session.scalar(disabling.limit(1)) is not None


async def _refuse_held(session: AsyncSession, act: BulkAct, person_id: int) -> bool:
    waiting = (HeldItem.author_id == person_id, HeldItem.decided_at.is_(None))
    some = select(HeldItem.id, HeldItem.post_id).where(*waiting).limit(ROWS_AT_ONCE)
    rows = (await session.execute(some)).all()
    if not rows:
        return False
    found = select(Post).where(Post.id.in_({row.post_id for row in rows})).order_by(Post.id)
    found = found.with_for_update().execution_options(populate_existing=True)
    posts = {post.id: post for post in await session.scalars(found)}
    locked = select(HeldItem).where(HeldItem.id.in_([row.id for row in rows]), *waiting)
    items = await session.scalars(
        locked.order_by(HeldItem.id).with_for_update().execution_options(populate_existing=True)
    )
    moderator = Viewer(id=act.moderator_id or 0)
    for item in items.all():
        post = posts[item.post_id]
        if item.kind == HeldKind.POST and post.scheduled_wall is not None:
            # For the undoing: a draft has no time.
            wall = wall_text(post.scheduled_wall)
            item.payload = {"scheduled_for": wall, "time_zone": post.time_zone}
        await put_aside(session, moderator, item, Grounds(act.reason, act.rule))
        session.add(BulkChange(bulk_act_id=act.id, held_item_id=item.id))
    await session.flush()
    return True


async def _disable(session: AsyncSession, act: BulkAct, person: User) -> None:
    person.disabled_at = now()
    measure = _measure(act, person.id, kind=MeasureKind.DISABLE)
    await _save_measures(session, act, [measure])
    await mails.mail_measure(session, person, measure)
    await record(session, AccountDisabled(person.id))
    await session.flush()
    await end_all_access(session, person)


async def _mail_about_hidden(session: AsyncSession, act: BulkAct, person: User) -> None:
    """Mail a person once about all that was hidden, if anything was."""
    hidden = (
        select(Measure.id)
        .join(BulkChange, BulkChange.measure_id == Measure.id)
        .where(BulkChange.bulk_act_id == act.id, Measure.person_id == person.id)
    )
    if person.is_confirmed and await session.scalar(hidden.limit(1)) is not None:
        await outbox.put(
            session, to=person, message="hidden_in_bulk", user=person, reason=act.reason,
            rule=act.rule, link=external_url("appeals.own"),
        )  # fmt: skip


def _measure(
    act: BulkAct, person_id: int, *, kind: MeasureKind = MeasureKind.HIDE,
    post_id: int | None = None, comment_id: int | None = None,
) -> Measure:  # fmt: skip
    return Measure(
        person_id=person_id, moderator_id=act.moderator_id, kind=kind, rule=act.rule,
        reason=act.reason, post_id=post_id, comment_id=comment_id,
    )  # fmt: skip


async def _save_measures(session: AsyncSession, act: BulkAct, measures: Sequence[Measure]) -> None:
    """Save measures as taken by this act."""
    session.add_all(measures)
    await session.flush()
    session.add_all(BulkChange(bulk_act_id=act.id, measure_id=each.id) for each in measures)
    await session.flush()
