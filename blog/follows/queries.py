"""Reading who follows whom. Each list comes out of an index, newest first."""

from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased, contains_eager

from blog.core.db.cursors import moment_cursor
from blog.core.db.pagination import Page, PageRequest, only_page
from blog.models import Follow, User
from blog.models.account_deletion import not_deleted

_PERSON = bindparam("person", type_=BigInteger)
_READER = bindparam("reader", type_=BigInteger)


class Relation(NamedTuple):
    """How a reader stands to somebody: whether he follows, and is followed by, that person."""

    follows: bool
    is_followed: bool


def _newest(whose: InstrumentedAttribute[int], other_id: InstrumentedAttribute[int]) -> Any:
    """A page of follows. The index has all of them, so that nothing else is read on the way."""
    newest = select(Follow).where(whose == _PERSON, not_deleted(other_id))
    newest = newest.order_by(Follow.created_at.desc(), other_id.desc())
    return aliased(Follow, only_page(newest).subquery("shown"))


def _with(follow: Any, other: Any) -> Select[Follow]:
    return (
        select(follow)
        .join(other)
        .options(contains_eager(other))
        .order_by(follow.created_at.desc(), User.id.desc())
    )


_follower = _newest(Follow.followed_id, Follow.follower_id)
_followed = _newest(Follow.follower_id, Follow.followed_id)
_FOLLOWERS = _with(_follower, _follower.follower)
_FOLLOWED_BY = _with(_followed, _followed.followed)
_RELATION = select(Follow.follower_id).where(
    or_(
        and_(Follow.follower_id == _READER, Follow.followed_id == _PERSON),
        and_(Follow.follower_id == _PERSON, Follow.followed_id == _READER),
    )
)


def follower_cursor(follow: Follow) -> str:
    """The cursor behind a follow in the list of somebody's followers."""
    return moment_cursor(follow.created_at, follow.follower_id)


def followed_cursor(follow: Follow) -> str:
    """The cursor behind a follow in the list of those whom somebody follows."""
    return moment_cursor(follow.created_at, follow.followed_id)


async def relation(session: AsyncSession, reader: User, person: User) -> Relation:
    """How `reader` stands to `person`."""
    found = set(await session.scalars(_RELATION, {"reader": reader.id, "person": person.id}))
    return Relation(reader.id in found, person.id in found)


async def followers(session: AsyncSession, person: User, wanted: PageRequest) -> Page[Follow]:
    """Who follows `person`; each `follower` is loaded."""
    if wanted.is_too_deep:
        return wanted.past_the_end(person.follower_count)
    rows = await session.scalars(_FOLLOWERS, wanted.parameters | {"person": person.id})
    return Page.of(rows.all(), wanted, person.follower_count, cursor_of=follower_cursor)


async def followed_by(session: AsyncSession, person: User, wanted: PageRequest) -> Page[Follow]:
    """Whom `person` follows; each `followed` is loaded."""
    if wanted.is_too_deep:
        return wanted.past_the_end(person.following_count)
    rows = await session.scalars(_FOLLOWED_BY, wanted.parameters | {"person": person.id})
    return Page.of(rows.all(), wanted, person.following_count, cursor_of=followed_cursor)
