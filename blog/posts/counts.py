"""Check and repair the counts that triggers maintain.

A single statement compares a count with the rows in one snapshot of the database. The difference is
added to the current value of the count, so this may run while the site is in use. Concurrent
repairs take turns, because both would add the same difference.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import CTE, Select, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.purging.keys import SITE
from blog.core.purging.marks import mark
from blog.models import (
    Comment,
    CommentLike,
    CommentRange,
    Follow,
    Post,
    PostDay,
    PostLike,
    PostTag,
    Subscription,
    Tag,
    TagRange,
    User,
    UserRange,
)
from blog.models.id_ranges import IdRange
from blog.models.measure import is_in_lists
from blog.models.post import is_public
from blog.models.subscription import ACTIVE


class KeptCount(NamedTuple):
    """A column that stores how many rows of another table belong to a row."""

    name: str
    key: Any
    column: Any
    counted: Select[Any]


def _count_by(key: Any, *conditions: Any) -> Select[Any]:
    return select(key.label("key"), func.count().label("number")).where(*conditions).group_by(key)


def _count_in_ranges(name: str, ranges: type[IdRange], row_id: Any, *conditions: Any) -> KeptCount:
    counted = _count_by(row_id.op("/")(ranges.SIZE), *conditions)
    return KeptCount(name, ranges.number, ranges.visible, counted)


# Deleted comments leave rows behind as placeholders above their replies.
_IS_COMMENT = Comment.author_id.is_not(None)
OF_TAGS = (
    KeptCount(
        "posts of tags",
        Tag.id,
        Tag.post_count,
        _count_by(PostTag.tag_id, PostTag.published_at.is_not(None)),
    ),
    _count_in_ranges(
        "tags in ranges", TagRange, Tag.id, Tag.post_count > 0, Tag.blocked_at.is_(None)
    ),
)
ON_ROWS = (
    KeptCount(
        "posts of people", User.id, User.post_count, _count_by(Post.author_id, is_public(Post))
    ),
    KeptCount("followers of people", User.id, User.follower_count, _count_by(Follow.followed_id)),
    KeptCount(
        "people followed by people", User.id, User.following_count, _count_by(Follow.follower_id)
    ),
    KeptCount(
        "subscribers of people",
        User.id,
        User.subscriber_count,
        _count_by(Subscription.author_id, ACTIVE),
    ),
    KeptCount(
        "comments of posts", Post.id, Post.comment_count, _count_by(Comment.post_id, _IS_COMMENT)
    ),
    OF_TAGS[0],
    KeptCount("likes of posts", Post.id, Post.like_count, _count_by(PostLike.post_id)),
    KeptCount(
        "likes of comments", Comment.id, Comment.like_count, _count_by(CommentLike.comment_id)
    ),
)


# Counts in parts. The row with the count may be missing.
IN_PARTS = (
    KeptCount(
        "posts of days",
        PostDay.day,
        PostDay.visible,
        _count_by(PostDay.of(Post.published_at), is_public(Post), is_in_lists(Post.author_id)),
    ),
    _count_in_ranges("comments in ranges", CommentRange, Comment.id, _IS_COMMENT),
    _count_in_ranges("people in ranges", UserRange, User.id, User.limited_at.is_(None)),
    OF_TAGS[1],
)
# An arbitrary number, the same for all repairs.
REPAIR_LOCK = 0x636F756E74
KEPT_COUNTS: Sequence[KeptCount] = (*ON_ROWS, *IN_PARTS)


async def wrong_counts(session: AsyncSession) -> dict[str, int]:
    """The number of wrong counts of each kind. Reads all posts, tags, comments and follows."""
    return {
        count.name: (
            await session.scalars(select(func.count()).select_from(_differences(count)))
        ).one()
        for count in KEPT_COUNTS
    }


async def recount(session: AsyncSession) -> dict[str, int]:
    """Repair all counts, one transaction per kind.

    After a bulk load without triggers, this creates the counts.

    Returns:
        The number of wrong counts of each kind.
    """
    repaired = {}
    for count in KEPT_COUNTS:
        await session.execute(select(func.pg_advisory_xact_lock(REPAIR_LOCK)))
        repaired[count.name] = len((await session.scalars(repair_of(count))).all())
        if repaired[count.name]:
            await mark(session, SITE)
        await session.commit()
    return repaired


def repair_of(count: KeptCount) -> Any:
    """The statement that repairs the wrong counts of one kind."""
    return _repair_parts(count) if count in IN_PARTS else _repair(count)


def _differences(count: KeptCount) -> CTE:
    """The differences to add to the wrong counts, by key."""
    counted = count.counted.subquery("counted")
    key = func.coalesce(count.key, counted.c.key)
    difference = func.coalesce(counted.c.number, 0) - func.coalesce(count.column, 0)
    return (
        select(key.label("key"), difference.label("difference"))
        .join_from(count.key.class_, counted, counted.c.key == count.key, full=True)
        .where(difference != 0)
        .cte("wrong")
    )


def _repair(count: KeptCount) -> Any:
    wrong = _differences(count)
    # In the order in which all writers lock rows, which prevents deadlocks.
    locked = (
        select(count.key.label("key"))
        .where(count.key.in_(select(wrong.c.key)))
        .order_by(count.key)
        .with_for_update(key_share=True)
        .cte("locked")
    )
    return (
        update(count.key.class_)
        .where(count.key == wrong.c.key, count.key == locked.c.key)
        .values({count.column: count.column + wrong.c.difference})
        .returning(count.key)
        .execution_options(synchronize_session=False)
    )


def _repair_parts(count: KeptCount) -> Any:
    wrong = _differences(count)
    statement = insert(count.key.class_).from_select(
        [count.key, count.column],
        select(wrong.c.key, wrong.c.difference).order_by(wrong.c.key),
    )
    return statement.on_conflict_do_update(
        index_elements=[count.key],
        set_={count.column: count.column + statement.excluded.visible},
    ).returning(count.key)
