"""Queries for users."""

from sqlalchemy import Select, String, bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.counted_parts import ids_of_page, number_of_rows
from blog.core.db.cursors import Order
from blog.core.db.pagination import ANY_PAGE, CursorRequest, Listing, Page, PageRequest, Rows
from blog.models import User, UserRange
from blog.models.account_deletion import not_deleted
from blog.models.block import shown_to_viewer
from blog.models.measure import is_in_lists

_BY_ID = select(User).where(User.id == bindparam("id"), not_deleted(User.id))
_BY_USERNAME = select(User).where(
    func.lower(User.username) == bindparam("username"), not_deleted(User.id)
)
_ORDER = Order(User.id)
_NUMBER = select(number_of_rows(UserRange))
_ids = select(User.id).where(not_deleted(User.id), is_in_lists(User.id))
_SHOWN = shown_to_viewer(User.id)


def _people(ids: Rows) -> Select[User]:
    shown = ids.subquery()
    return select(User).join(shown, shown.c.id == User.id).order_by(*_ORDER.by)


_NEWEST: Listing[User] = Listing(
    _ORDER, _ids, lambda person: (person.id,), complete=_people,
    by_number=ids_of_page(_ids, _ORDER, UserRange), first_by_cursor=True,
    deepest=ANY_PAGE, shown=_SHOWN,
)  # fmt: skip


# By the number of followers; below, by username, ignoring case.
_by_followers = Order(User.follower_count, User.id)


def _followed_people(ids: Rows) -> Select[User]:
    shown = ids.subquery()
    return select(User).join(shown, shown.c.id == User.id).order_by(*_by_followers.by)


_MOST_FOLLOWED: Listing[User] = Listing(
    _by_followers, _ids, lambda person: (person.follower_count, person.id),
    complete=_followed_people, shown=_SHOWN,
)  # fmt: skip
_lower = func.lower(User.username, type_=String)
_BY_LOWER: Listing[User] = Listing(
    Order(_lower, descending=False),
    select(User).where(not_deleted(User.id), User.limited_at.is_(None)),
    lambda person: (person.username.lower(),),
    shown=_SHOWN,
)


async def user_by_username(session: AsyncSession, username: str) -> User | None:
    """The user with this name, ignoring case."""
    return await session.scalar(_BY_USERNAME, {"username": username.lower()})


async def user_by_id(session: AsyncSession, user_id: int) -> User | None:
    """The user with this id."""
    return await session.scalar(_BY_ID, {"id": user_id})


async def newest(
    session: AsyncSession, wanted: PageRequest | CursorRequest, filtered_for: int = 0
) -> Page[User]:
    """All users, the newest first, without those that a viewer has hidden."""
    total = await session.scalar(_NUMBER)
    return await _NEWEST.read(session, wanted, total, filtered_for=filtered_for)


async def most_followed(
    session: AsyncSession, wanted: PageRequest | CursorRequest, filtered_for: int = 0
) -> Page[User]:
    """All users, the most followed first, without those that a viewer has hidden."""
    total = await session.scalar(_NUMBER)
    return await _MOST_FOLLOWED.read(session, wanted, total, filtered_for=filtered_for)


async def by_username(
    session: AsyncSession, wanted: PageRequest | CursorRequest, filtered_for: int = 0
) -> Page[User]:
    """All users, in the order of their usernames, without those that a viewer has hidden."""
    total = await session.scalar(_NUMBER)
    return await _BY_LOWER.read(session, wanted, total, filtered_for=filtered_for)
