"""Queries of sitemaps: each reads some rows in the order of the ids."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, ColumnElement, bindparam, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import ANONYMOUS
from blog.models import Post, Tag, User
from blog.models.account_deletion import not_deleted
from blog.posts.policies import visible_to
from blog.tags.queries import IS_LISTED

# The ids of a file; some of them have no row, or none that everybody may read.
FILE = 10_000
ROWS_AT_ONCE = 1_000
_POST, _USER, _TAG = Post.__table__.c, User.__table__.c, Tag.__table__.c
_AFTER, _END = bindparam("after", type_=BigInteger), bindparam("end", type_=BigInteger)
_SOME: ColumnElement[int] = literal_column(str(ROWS_AT_ONCE))
_POSTS = (
    select(
        _POST.id,
        _POST.slug,
        func.greatest(_POST.published_at, _POST.edited_at),  # Ignores NULL.
    )
    .join_from(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    .where(_POST.id > _AFTER, _POST.id <= _END, visible_to(ANONYMOUS, _POST), ~_USER.noindex)
    .where(_USER.limited_at.is_(None))
    .order_by(_POST.id)
    .limit(_SOME)
)
_PEOPLE = (
    select(_USER.id, _USER.username)
    .where(_USER.id > _AFTER, _USER.id <= _END, _USER.post_count > 0)
    .where(not_deleted(_USER.id), ~_USER.noindex, _USER.limited_at.is_(None))
    .order_by(_USER.id)
    .limit(_SOME)
)
_TAGS = (
    select(_TAG.id, _TAG.name)
    .where(_TAG.id > _AFTER, _TAG.id <= _END, IS_LISTED)
    .order_by(_TAG.id)
    .limit(_SOME)
)
_LAST_IDS = select(
    *(
        select(func.coalesce(func.max(table.id), 0)).scalar_subquery()
        for table in (_POST, _USER, _TAG)
    )
)


class IndexedPost(NamedTuple):
    """A post for search engines."""

    id: int
    slug: str | None
    changed_at: datetime


class IndexedPerson(NamedTuple):
    """Somebody with posts, for search engines."""

    id: int
    username: str


class IndexedTag(NamedTuple):
    """A tag of public posts, for search engines."""

    id: int
    name: str


async def numbers_of_files(session: AsyncSession) -> tuple[int, ...]:
    """How many files of posts, people and tags there are, at least one each."""
    return tuple(max(1, -(-last // FILE)) for last in (await session.execute(_LAST_IDS)).one())


async def indexed_posts(session: AsyncSession, after: int, end: int) -> Sequence[IndexedPost]:
    """Some posts with ids behind `after`, up to `end`; fewer than `ROWS_AT_ONCE` are the last."""
    rows = await session.execute(_POSTS, {"after": after, "end": end})
    return [IndexedPost._make(row) for row in rows]


async def indexed_people(session: AsyncSession, after: int, end: int) -> Sequence[IndexedPerson]:
    """Some people with posts, as `indexed_posts`."""
    rows = await session.execute(_PEOPLE, {"after": after, "end": end})
    return [IndexedPerson._make(row) for row in rows]


async def indexed_tags(session: AsyncSession, after: int, end: int) -> Sequence[IndexedTag]:
    """Some tags of public posts, as `indexed_posts`."""
    rows = await session.execute(_TAGS, {"after": after, "end": end})
    return [IndexedTag._make(row) for row in rows]
