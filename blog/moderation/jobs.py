"""The jobs that move posts and follows from a merged tag to its target, and index the posts with a
renamed tag."""

import asyncio
import time

from sqlalchemy import ARRAY, BigInteger, bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.kinds import JobKind
from blog.core.jobs.running import RunningJob
from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.models import Post, PostTag, Tag, TagFollow

ROWS_AT_ONCE = 100
# How long a job works before it yields to others.
TURN_SECONDS = 10.0
_INDEX = text("SELECT index_posts(:ids)").bindparams(bindparam("ids", type_=ARRAY(BigInteger)))


async def move_tagged_posts(job: RunningJob) -> None:
    """Move posts and follows in batches, each a transaction; a killed job resumes."""
    end = time.monotonic() + TURN_SECONDS
    while time.monotonic() < end and not job.stopping.is_set():
        start = time.monotonic()
        async with job.database.session() as session:
            is_done = await _move_batch(session, job.payload["tag_id"])
            await session.commit()
        if is_done:
            return
        # Leave half of the time to transactions that wait for the same rows.
        await asyncio.sleep(time.monotonic() - start)
    await job.requeue()


async def _move_batch(session: AsyncSession, tag_id: int) -> bool:
    """Move some rows; the caller commits.

    Returns:
        Whether there are none left.
    """
    target_id = await session.scalar(select(Tag.merged_into_id).where(Tag.id == tag_id))
    if target_id is None:
        return True
    if await _has_follows(session, tag_id):
        if await _is_still_merged(session, tag_id, target_id):
            await _move_follows(session, tag_id, target_id)
        return False
    tagged = select(PostTag.post_id).where(PostTag.tag_id == tag_id)
    posts = (await session.scalars(tagged.order_by(PostTag.post_id).limit(ROWS_AT_ONCE))).all()
    if not posts:
        return True
    # Posts before tags, in the order that all writers follow.
    rows = select(Post.id).where(Post.id.in_(posts)).order_by(Post.id)
    await session.execute(rows.with_for_update(key_share=True))
    if not await _is_still_merged(session, tag_id, target_id):
        return False
    old = (PostTag.tag_id == tag_id, PostTag.post_id.in_(posts))
    columns = ["post_id", "tag_id", "position"]
    moved = select(PostTag.post_id, func.coalesce(target_id), PostTag.position).where(*old)
    await session.execute(insert(PostTag).from_select(columns, moved).on_conflict_do_nothing())
    await session.execute(delete(PostTag).where(*old))
    await mark(session, SITE)
    return False


async def _is_still_merged(session: AsyncSession, tag_id: int, target_id: int) -> bool:
    """Lock both tags; whether the first one is still merged into the second one, which may itself
    have been merged while this waited."""
    tags = select(Tag.id, Tag.merged_into_id).where(Tag.id.in_([tag_id, target_id]))
    rows = await session.execute(tags.order_by(Tag.id).with_for_update(key_share=True))
    return (tag_id, target_id) in [(row.id, row.merged_into_id) for row in rows]


async def _has_follows(session: AsyncSession, tag_id: int) -> bool:
    one = select(TagFollow.user_id).where(TagFollow.tag_id == tag_id).limit(1)
    return await session.scalar(one) is not None


async def _move_follows(session: AsyncSession, tag_id: int, target_id: int) -> None:
    theirs = select(TagFollow.user_id).where(TagFollow.tag_id == tag_id).limit(ROWS_AT_ONCE)
    people = (await session.scalars(theirs)).all()
    old = (TagFollow.tag_id == tag_id, TagFollow.user_id.in_(people))
    columns = ["user_id", "tag_id", "created_at"]
    moved = select(TagFollow.user_id, func.coalesce(target_id), TagFollow.created_at).where(*old)
    await session.execute(insert(TagFollow).from_select(columns, moved).on_conflict_do_nothing())
    await session.execute(delete(TagFollow).where(*old))


async def index_renamed_tag(job: RunningJob) -> None:
    """Index the posts with a tag again, in batches; a killed job resumes."""
    end = time.monotonic() + TURN_SECONDS
    tag_id, last = job.payload["tag_id"], job.payload.get("after", 0)
    while time.monotonic() < end and not job.stopping.is_set():
        start = time.monotonic()
        tagged = (
            select(Post.id)
            .join(PostTag, PostTag.post_id == Post.id)
            .where(PostTag.tag_id == tag_id, PostTag.post_id > last)
            .order_by(PostTag.post_id)
            .limit(ROWS_AT_ONCE)
            .with_for_update(key_share=True, of=Post)
        )
        async with job.database.session() as session:
            posts = (await session.scalars(tagged)).all()
            if not posts:
                return
            await session.execute(_INDEX, {"ids": posts})
            await session.commit()
        last = posts[-1]
        await job.save_progress(tag_id=tag_id, after=last)
        await asyncio.sleep(time.monotonic() - start)
    await job.requeue()


MOVE_TAGGED_POSTS = JobKind("move_tagged_posts", move_tagged_posts)
INDEX_RENAMED_TAG = JobKind("index_renamed_tag", index_renamed_tag)
