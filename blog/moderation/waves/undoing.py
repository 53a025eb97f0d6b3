"""Undoing an act on a wave in the job, some rows in each transaction.

What someone has shown, lifted or decided since is left as it is, and so is what another measure or
act hides, disables or refuses as well.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.accounts.events import AccountEnabled
from blog.core.clock import now
from blog.core.errors import NotFoundError
from blog.core.events.handlers import record
from blog.core.text.wall_times import utc_time
from blog.models import (
    BulkAct,
    BulkActPerson,
    BulkChange,
    Comment,
    HeldItem,
    HeldKind,
    Measure,
    MeasureKind,
    Post,
    PostStatus,
)
from blog.moderation.events import CommentEnabled, PostShown
from blog.moderation.measures.demands import remaining_reasons
from blog.moderation.measures.service import lock_person
from blog.moderation.waves.acting import ROWS_AT_ONCE
from blog.moderation.waves.service import locked_act
from blog.posts.fields import lock_author, tag_ids
from blog.posts.mentions import notify_mentioned
from blog.posts.schemas import PostUpdate


async def undo_some(session: AsyncSession, act_id: int) -> bool:
    """Take back a part of an act; commits.

    Returns:
        Whether there is nothing left to take back.
    """
    act = await locked_act(session, act_id)
    if act is None:
        return True
    changes = await _some(session, act)
    if not changes:
        act.undo_finished_at = act.undo_finished_at or now()
    else:
        await _put_back(session, act, changes)
        ids = [change.id for change in changes]
        done = update(BulkChange).where(BulkChange.id.in_(ids)).values(undone_at=now())
        await session.execute(done.execution_options(synchronize_session=False))
    await session.commit()
    return not changes


async def _some(session: AsyncSession, act: BulkAct) -> Sequence[Any]:
    """Some changes that are not taken back yet, all about one person."""
    left = (
        select(BulkChange.id, BulkChange.held_item_id, BulkChange.measure_id, Measure.kind)
        .add_columns(Measure.person_id, Measure.post_id, Measure.comment_id)
        .outerjoin(Measure, Measure.id == BulkChange.measure_id)
        .where(BulkChange.bulk_act_id == act.id, BulkChange.undone_at.is_(None))
        .order_by(BulkChange.id)
        .limit(ROWS_AT_ONCE)
    )
    rows = (await session.execute(left)).all()
    first = rows[0].person_id if rows else None
    return [row for row in rows if row.person_id == first]


async def _put_back(session: AsyncSession, act: BulkAct, changes: Sequence[Any]) -> None:
    post_ids = sorted(row.post_id for row in changes if row.post_id)
    comment_ids = sorted(row.comment_id for row in changes if row.comment_id)
    item_ids = sorted(row.held_item_id for row in changes if row.held_item_id)
    if post_ids:
        await _show_posts(session, act, changes[0].person_id, post_ids)
    if comment_ids:
        await _enable_comments(session, act, comment_ids)
    if item_ids:
        await _queue_again(session, act, item_ids)
    for row in changes:
        if row.kind == MeasureKind.DISABLE:
            await _enable(session, row.person_id, row.measure_id)


async def _in_force(
    session: AsyncSession, act: BulkAct, column: Any, ids: Sequence[int]
) -> list[int]:
    """End the measures of this act on these; returns those that it still hid."""
    of_act = select(BulkChange.measure_id).where(BulkChange.bulk_act_id == act.id)
    ended = (
        update(Measure)
        .where(Measure.id.in_(of_act), column.in_(ids), Measure.ended_at.is_(None))
        .values(ended_at=now())
        .returning(column)
        .execution_options(synchronize_session=False)
    )
    return list(await session.scalars(ended))


async def _show_posts(
    session: AsyncSession, act: BulkAct, person_id: int, ids: Sequence[int]
) -> None:
    posts = select(Post).where(Post.id.in_(ids)).order_by(Post.id).with_for_update()
    found = (await session.scalars(posts.execution_options(populate_existing=True))).all()
    await tag_ids(session, (), of_posts=ids)
    await lock_author(session, person_id)
    hidden = set(await _in_force(session, act, Measure.post_id, ids))
    reasons = await remaining_reasons(session, "post_id", ids)
    still = [post for post in found if post.id in hidden and post.hidden_at is not None]
    shown = [post for post in still if post.id not in reasons]
    for post in still:
        post.hidden_reason = reasons.get(post.id)
        post.hidden_at = post.hidden_at if post.id in reasons else None
    await session.flush()
    if shown:
        by = act.undone_by_id or 0
        await record(
            session, *(PostShown(post.id, person_id, by, with_everything=True) for post in shown)
        )
        await notify_mentioned(session, posts=[post.id for post in shown])


async def _enable_comments(session: AsyncSession, act: BulkAct, ids: Sequence[int]) -> None:
    of_posts = select(Comment.post_id).where(Comment.id.in_(ids))
    posts = select(Post.id).where(Post.id.in_(of_posts)).order_by(Post.id)
    await session.execute(posts.with_for_update(key_share=True))
    comments = (
        select(Comment)
        .where(Comment.id.in_(ids), Comment.author_id.is_not(None))
        .order_by(Comment.id)
        .with_for_update(key_share=True)
    )
    found = (await session.scalars(comments.execution_options(populate_existing=True))).all()
    hidden = set(await _in_force(session, act, Measure.comment_id, ids))
    reasons = await remaining_reasons(session, "comment_id", ids)
    still = [each for each in found if each.id in hidden and each.disabled_at is not None]
    enabled = [each for each in still if each.id not in reasons]
    for comment in still:
        comment.disabled_reason = reasons.get(comment.id)
        if comment.id not in reasons:
            comment.disabled_at = comment.disabled_by_id = None
    await session.flush()
    if enabled:
        by = act.undone_by_id or 0
        await record(
            session,
            *(
                CommentEnabled(each.id, each.post_id, each.author_id, by, with_everything=True)
                for each in enabled
            ),
        )
        await notify_mentioned(session, comments=[each.id for each in enabled])


async def _queue_again(session: AsyncSession, act: BulkAct, ids: Sequence[int]) -> None:
    """Hold again what was refused, unless its author has changed it since."""
    of_items = select(HeldItem.post_id).where(HeldItem.id.in_(ids))
    posts = select(Post).where(Post.id.in_(of_items)).order_by(Post.id).with_for_update()
    found = {
        post.id: post
        for post in await session.scalars(posts.execution_options(populate_existing=True))
    }
    refused = (
        select(HeldItem)
        .where(HeldItem.id.in_(ids), HeldItem.is_approved.is_(False))
        .order_by(HeldItem.id)
        .with_for_update()
    )
    for item in await session.scalars(refused.execution_options(populate_existing=True)):
        post = found.get(item.post_id)
        if post is None or await _is_sent_again(session, item):
            continue
        if other_id := await _refused_by(session, act, item.author_id):
            session.add(BulkChange(bulk_act_id=other_id, held_item_id=item.id))
            continue
        if item.kind == HeldKind.POST:
            if post.status != PostStatus.DRAFT or post.version != item.version:
                continue
            _hold_for_its_time(post, item)
        item.decided_at = item.decided_by_id = item.is_approved = None
        item.answer = item.rule = None
    await session.flush()


async def _refused_by(session: AsyncSession, act: BulkAct, person_id: int) -> int | None:
    """The id of a later act in force that refuses what waited of this person."""
    later = (
        select(BulkAct.id)
        .join(BulkActPerson, BulkActPerson.bulk_act_id == BulkAct.id)
        .where(BulkActPerson.user_id == person_id, BulkAct.refuses)
        .where(BulkAct.id > act.id, BulkAct.undone_at.is_(None))
    )
    locked = later.order_by(BulkAct.id).with_for_update(read=True, of=BulkAct)
    return (await session.scalars(locked)).first()


def _hold_for_its_time(post: Post, item: HeldItem) -> None:
    """Hold a post again, which waits for the time that its author had chosen."""
    former = PostUpdate.model_validate(item.payload)
    post.status, item.payload = PostStatus.HELD, {}
    if former.scheduled_for and former.time_zone:
        post.scheduled_wall, post.time_zone = former.scheduled_for, former.time_zone
        post.published_at = utc_time(former.scheduled_for, former.time_zone)


async def _is_sent_again(session: AsyncSession, item: HeldItem) -> bool:
    if item.kind == HeldKind.COMMENT:
        return False
    waiting = select(HeldItem.id).where(
        HeldItem.kind == item.kind, HeldItem.post_id == item.post_id, HeldItem.decided_at.is_(None)
    )
    if item.comment_id is not None:
        waiting = waiting.where(HeldItem.comment_id == item.comment_id)
    return await session.scalar(waiting.limit(1)) is not None


async def _enable(session: AsyncSession, person_id: int, measure_id: int) -> None:
    """Enable an account again, unless another measure keeps it disabled."""
    try:
        person = await lock_person(session, person_id)
    except NotFoundError:
        return
    active = select(Measure).where(
        Measure.person_id == person_id, Measure.kind == MeasureKind.DISABLE,
        Measure.ended_at.is_(None),
    ).execution_options(populate_existing=True)  # fmt: skip
    measures = {measure.id: measure for measure in await session.scalars(active)}
    if (measure := measures.pop(measure_id, None)) is None:
        return
    measure.ended_at = now()
    if not measures and person.is_disabled:
        person.disabled_at = None
        await record(session, AccountEnabled(person.id))
    await session.flush()
