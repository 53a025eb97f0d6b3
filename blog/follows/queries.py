"""Queries for follows. Each list is in the order of an index, the newest first."""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, and_, bindparam, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from blog.core.auth.viewer import Viewer
from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.models import Follow, PostAlert, User
from blog.models.account_deletion import not_deleted
from blog.models.block import shown_to_viewer
from blog.models.measure import is_in_lists

_PERSON = bindparam("person", type_=BigInteger)
_VIEWER = bindparam("viewer", type_=BigInteger)


class Relation(NamedTuple):
    """The relationship of a viewer to a user: whether each follows the other.

    Attributes:
        is_notified: whether the viewer is notified of the user's new posts.
    """

    follows: bool
    is_followed: bool
    is_notified: bool


def _list_of(whose: Any, other_id: Any, other: str) -> Listing[Follow]:
    """The follows of a user, with the other user loaded.

    The index covers the query, so an offset reads no rows.
    """
    order = Order(Follow.created_at, other_id)

    def complete(part: Rows) -> Select[Follow]:
        follow = aliased(Follow, part.subquery("shown"))
        person = getattr(follow, other)
        return (
            select(follow)
            .join(person)
            .options(contains_eager(person))
            .order_by(follow.created_at.desc(), User.id.desc())
        )

    follows = select(Follow).where(whose == _PERSON, not_deleted(other_id), is_in_lists(other_id))
    return Listing(
        order, follows, lambda follow: (follow.created_at, getattr(follow, other).id),
        complete=complete, shown=shown_to_viewer(other_id),
    )  # fmt: skip


_FOLLOWERS = _list_of(Follow.followed_id, Follow.follower_id, "follower")
_FOLLOWED_BY = _list_of(Follow.follower_id, Follow.followed_id, "followed")
_has_alert = exists().where(
    PostAlert.follower_id == Follow.follower_id, PostAlert.followed_id == Follow.followed_id
)
_RELATION = select(Follow.follower_id, _has_alert).where(
    or_(
        and_(Follow.follower_id == _VIEWER, Follow.followed_id == _PERSON),
        and_(Follow.follower_id == _PERSON, Follow.followed_id == _VIEWER),
    )
)


async def relation(session: AsyncSession, viewer: Viewer, person: User) -> Relation:
    """The relationship of `viewer` to `person`."""
    rows = await session.execute(_RELATION, {"viewer": viewer.id, "person": person.id})
    has_alert: dict[int, bool] = {row[0]: row[1] for row in rows}
    return Relation(viewer.id in has_alert, person.id in has_alert, has_alert.get(viewer.id, False))


async def followers(
    session: AsyncSession, person: User, wanted: PageRequest | CursorRequest, filtered_for: int = 0
) -> Page[Follow]:
    """The followers of `person`, the newest first; each `follower` is loaded.

    Args:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).
    """
    return await _FOLLOWERS.read(
        session, wanted, person.follower_count, filtered_for=filtered_for, person=person.id
    )


async def followed_by(
    session: AsyncSession, person: User, wanted: PageRequest | CursorRequest, filtered_for: int = 0
) -> Page[Follow]:
    """The users that `person` follows, the newest first; each `followed` is loaded.

    Args:
        filtered_for: as for `followers`.
    """
    return await _FOLLOWED_BY.read(
        session, wanted, person.following_count, filtered_for=filtered_for, person=person.id
    )
