"""Reading who follows whom. Each list comes out of an index, newest first."""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute, aliased, contains_eager

from blog.kit.pagination import Page, PageRequest, only_page
from blog.models import Follow, User


class Relation(NamedTuple):
    """How a reader stands to somebody: whether he follows, and is followed by, that person."""

    follows: bool
    is_followed: bool


async def relation(session: AsyncSession, reader: User, person: User) -> Relation:
    """How `reader` stands to `person`."""
    followers = await session.scalars(
        select(Follow.follower_id).where(
            or_(
                and_(Follow.follower_id == reader.id, Follow.followed_id == person.id),
                and_(Follow.follower_id == person.id, Follow.followed_id == reader.id),
            )
        )
    )
    found = set(followers)
    return Relation(reader.id in found, person.id in found)


async def followers(session: AsyncSession, person: User, wanted: PageRequest) -> Page[Follow]:
    """Who follows `person`; each `follower` is loaded."""
    follow = _newest(Follow.followed_id == person.id, Follow.follower_id, wanted)
    rows = await session.scalars(_with(follow, follow.follower))
    return Page.of(rows.all(), wanted, person.follower_count)


async def followed_by(session: AsyncSession, person: User, wanted: PageRequest) -> Page[Follow]:
    """Whom `person` follows; each `followed` is loaded."""
    follow = _newest(Follow.follower_id == person.id, Follow.followed_id, wanted)
    rows = await session.scalars(_with(follow, follow.followed))
    return Page.of(rows.all(), wanted, person.following_count)


def _newest(
    whose: ColumnElement[bool], other_id: InstrumentedAttribute[int], wanted: PageRequest
) -> type[Follow]:
    """A page of follows. The index has all of them, so that nothing else is read on the way."""
    newest = select(Follow).where(whose).order_by(Follow.created_at.desc(), other_id.desc())
    return aliased(Follow, only_page(newest, wanted).subquery("shown"))


def _with(follow: type[Follow], other: Any) -> Select[Follow]:
    return (
        select(follow)
        .join(other)
        .options(contains_eager(other))
        .order_by(follow.created_at.desc(), User.id.desc())
    )
