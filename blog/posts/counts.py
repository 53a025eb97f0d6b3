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
    """A column with the number of rows of another table that belong to a row."""

    name: str
    key: Any
    column: Any
    counted: Select[Any]


def _counted(key: Any, *conditions: Any) -> Select[Any]:
    return select(key.label("key"), func.count().label("number")).where(*conditions).group_by(key)


def _in_ranges(name: str, ranges: type[IdRange], row_id: Any, *conditions: Any) -> KeptCount:
    counted = _counted(row_id.op("/")(ranges.SIZE), *conditions)
    return KeptCount(name, ranges.number, ranges.visible, counted)


# Deleted comments leave rows that hold the place of their replies.
_IS_COMMENT = Comment.author_id.is_not(None)
OF_TAGS = (
    KeptCount(
        "posts of tags",
        Tag.id,
        Tag.post_count,
        _counted(PostTag.tag_id, PostTag.published_at.is_not(None)),
    ),
    _in_ranges("tags in ranges", TagRange, Tag.id, Tag.post_count > 0, Tag.blocked_at.is_(None)),
)
ON_ROWS = (
    KeptCount(
        "posts of people", User.id, User.post_count, _counted(Post.author_id, is_public(Post))
    ),
    KeptCount("followers of people", User.id, User.follower_count, _counted(Follow.followed_id)),
    KeptCount(
        "people followed by people", User.id, User.following_count, _counted(Follow.follower_id)
    ),
    KeptCount(
        "subscribers of people",
        User.id,
        User.subscriber_count,
        _counted(Subscription.author_id, ACTIVE),
    ),
    KeptCount(
        "comments of posts", Post.id, Post.comment_count, _counted(Comment.post_id, _IS_COMMENT)
    ),
    OF_TAGS[0],
    KeptCount("likes of posts", Post.id, Post.like_count, _counted(PostLike.post_id)),
    KeptCount(
        "likes of comments", Comment.id, Comment.like_count, _counted(CommentLike.comment_id)
    ),
)


# The row with the count may be missing.
IN_PARTS = (
    KeptCount(
        "posts of days",
        PostDay.day,
        PostDay.visible,
        _counted(PostDay.of(Post.published_at), is_public(Post), is_in_lists(Post.author_id)),
    ),
    _in_ranges("comments in ranges", CommentRange, Comment.id, _IS_COMMENT),
    _in_ranges("people in ranges", UserRange, User.id, User.limited_at.is_(None)),
    OF_TAGS[1],
)
# An arbitrary number, the same for all repairs.
REPAIR_LOCK = 0x636F756E74
KEPT_COUNTS: Sequence[KeptCount] = (*ON_ROWS, *IN_PARTS)


async def wrong_counts(session: AsyncSession) -> dict[str, int]:
    """The number of wrong counts of each kind. It reads all posts, tags, comments and follows."""
    return {
        kept.name: (
            await session.scalars(select(func.count()).select_from(_differences(kept)))
        ).one()
        for kept in KEPT_COUNTS
    }


async def recount(session: AsyncSession) -> dict[str, int]:
    """Repair all counts, one transaction per kind.

    After a bulk load without triggers, this creates the counts.

    Returns:
        The number of wrong counts of each kind.
    """
    repaired = {}
    for kept in KEPT_COUNTS:
        await session.execute(select(func.pg_advisory_xact_lock(REPAIR_LOCK)))
        repaired[kept.name] = len((await session.scalars(repair_of(kept))).all())
        if repaired[kept.name]:
            await mark(session, SITE)
        await session.commit()
    return repaired


def repair_of(kept: KeptCount) -> Any:
    """The statement that repairs the wrong counts of a kind."""
    return _repair_parts(kept) if kept in IN_PARTS else _repair(kept)


def _differences(kept: KeptCount) -> CTE:
    """By key, the differences to add to the wrong counts."""
    counted = kept.counted.subquery("counted")
    key = func.coalesce(kept.key, counted.c.key)
    difference = func.coalesce(counted.c.number, 0) - func.coalesce(kept.column, 0)
    return (
        select(key.label("key"), difference.label("difference"))
        .join_from(kept.key.class_, counted, counted.c.key == kept.key, full=True)
        .where(difference != 0)
        .cte("wrong")
    )


def _repair(kept: KeptCount) -> Any:
    wrong = _differences(kept)
    # In the order in which all writers lock rows, which prevents deadlocks.
    locked = (
        select(kept.key.label("key"))
        .where(kept.key.in_(select(wrong.c.key)))
        .order_by(kept.key)
        .with_for_update(key_share=True)
        .cte("locked")
    )
    return (
        update(kept.key.class_)
        .where(kept.key == wrong.c.key, kept.key == locked.c.key)
        .values({kept.column: kept.column + wrong.c.difference})
        .returning(kept.key)
        .execution_options(synchronize_session=False)
    )


def _repair_parts(kept: KeptCount) -> Any:
    wrong = _differences(kept)
    statement = insert(kept.key.class_).from_select(
        [kept.key, kept.column],
        select(wrong.c.key, wrong.c.difference).order_by(wrong.c.key),
    )
    return statement.on_conflict_do_update(
        index_elements=[kept.key],
        set_={kept.column: kept.column + statement.excluded.visible},
    ).returning(kept.key)
