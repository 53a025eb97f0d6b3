"""Queries of sitemaps: each reads some rows in the order of the ids."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    DateTime,
    bindparam,
    func,
    literal_column,
    select,
)
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
_LAST_IDS = [
    select(func.coalesce(func.max(table.id), 0)).scalar_subquery() for table in (_POST, _USER, _TAG)
]
_NUMBERS = select(*_LAST_IDS)


class Files(NamedTuple):
    """The files of the sitemap.

    Attributes:
        posts: when a post of each file was published or edited last; `None` if it has none.
        people, tags: how many there are.
    """

    posts: Sequence[datetime | None]
    people: int
    tags: int


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


async def files(session: AsyncSession) -> Files:
    """The files, at least one of each kind."""
    *last_ids, changes = (await session.execute(select(*_LAST_IDS, _changes()))).one()
    _, people, tags = map(_number, last_ids)
    return Files(changes or [None], people, tags)


def _changes() -> ColumnElement[Any]:
    """When the posts of each file have changed last: an entry of `ix_posts_changed` for each, in
    the words of that index."""
    changes = f"""
        ARRAY(
            SELECT (
                SELECT greatest(published_at, edited_at) FROM posts
                WHERE (id - 1) / {FILE} = file.number
                    AND status = 'published' AND hidden_at IS NULL
                ORDER BY greatest(published_at, edited_at) DESC LIMIT 1
            )
            FROM generate_series(0, ((SELECT max(id) FROM posts) - 1) / {FILE}) AS file (number)
            ORDER BY file.number
        )
    """  # noqa: S608
    return literal_column(changes, ARRAY(DateTime(timezone=True)))


def _number(last_id: int) -> int:
    """How many files have the rows up to an id."""
    return max(1, -(-last_id // FILE))


async def numbers_of_files(session: AsyncSession) -> tuple[int, ...]:
    """How many files of posts, people and tags there are, at least one each."""
    return tuple(map(_number, (await session.execute(_NUMBERS)).one()))


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
