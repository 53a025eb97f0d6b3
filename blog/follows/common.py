"""A viewer's relation to several people at once, and suggestions of people to follow."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ARRAY, BigInteger, any_, bindparam, func, literal_column, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from blog.models import Follow, User
from blog.models.account_deletion import not_deleted
from blog.models.block import VIEWER, shown_to_viewer

# How many of the people whom the viewer followed most recently are considered.
CONSIDERED = 200
NAMED = 2
# How many of the most followed people are considered, and how many of these are suggested.
MOST_FOLLOWED, SUGGESTED = 200, 5

_IDS = bindparam("ids", type_=ARRAY(BigInteger))


class Common(NamedTuple):
    """A viewer's relation to a person.

    Attributes:
        follows: whether the viewer follows them.
        names: the usernames of some people whom the viewer follows, and who follow that person.
        others: how many more such people there are.
    """

    follows: bool = False
    names: tuple[str, ...] = ()
    others: int = 0


_mine = (
    select(Follow.followed_id)
    .where(Follow.follower_id == VIEWER)
    .order_by(Follow.created_at.desc(), Follow.followed_id.desc())
    .limit(literal_column(str(CONSIDERED)))
)
_is_other = Follow.follower_id != VIEWER
_COMMON = (
    select(
        Follow.followed_id,
        func.bool_or(Follow.follower_id == VIEWER),
        func.array_agg(aggregate_order_by(User.username, User.username)).filter(_is_other),
    )
    .join(User, User.id == Follow.follower_id)
    .where(
        Follow.followed_id == any_(_IDS),
        Follow.follower_id.in_(union_all(_mine, select(VIEWER))),
        not_deleted(Follow.follower_id),
    )
    .group_by(Follow.followed_id)
)
_most_followed = (
    select(User.id)
    .where(not_deleted(User.id))
    .order_by(User.follower_count.desc(), User.id.desc())
    .limit(literal_column(str(MOST_FOLLOWED)))
)
_follow = aliased(Follow)
_SUGGESTED = (
    select(User)
    .where(
        User.id.in_(_most_followed),
        User.id != VIEWER,
        User.post_count > 0,
        User.disabled_at.is_(None),
        User.limited_at.is_(None),
        shown_to_viewer(User.id),
        ~select(_follow).where(
            _follow.follower_id == VIEWER, _follow.followed_id == User.id
        ).exists(),
    )
    .order_by(User.follower_count.desc(), User.id.desc())
    .limit(literal_column(str(SUGGESTED)))
)  # fmt: skip


async def common_follows(
    session: AsyncSession, viewer_id: int, ids: Sequence[int]
) -> dict[int, Common]:
    """A viewer's relation to each of these people; those without any are left out."""
    rows = await session.execute(_COMMON, {"viewer": viewer_id, "ids": list(ids)})
    return {
        person_id: Common(follows, tuple((names or [])[:NAMED]), max(0, len(names or []) - NAMED))
        for person_id, follows, names in rows
    }


async def suggested_people(session: AsyncSession, viewer_id: int) -> Sequence[User]:
    """Some of the most followed people whom the viewer does not follow."""
    return (await session.scalars(_SUGGESTED, {"viewer": viewer_id})).all()
