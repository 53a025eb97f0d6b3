"""Queries for sitemaps: each reads a batch of rows in the order of their ids."""

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

# The number of ids per file; some of them have no row, or no public one.
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
        posts: when a post in each file was last published or edited; `None` if it has none.
        people, tags: the number of files.
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
    """A person with posts, for search engines."""

    id: int
    username: str


class IndexedTag(NamedTuple):
    """A tag of public posts, for search engines."""

    id: int
    name: str


async def files(session: AsyncSession) -> Files:
    """Describe the files, at least one of each kind."""
    *last_ids, changes = (await session.execute(select(*_LAST_IDS, _changes()))).one()
    _, people, tags = map(_files_up_to, last_ids)
    return Files(changes or [None], people, tags)


def _changes() -> ColumnElement[Any]:
    """When the posts of each file last changed.

    The expressions are those of the index `ix_posts_changed`, so one entry per file is read.
    """
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


def _files_up_to(last_id: int) -> int:
    """The number of files for rows up to an id."""
    return max(1, -(-last_id // FILE))


async def count_files(session: AsyncSession) -> tuple[int, ...]:
    """Count the files of posts, people and tags, at least one each."""
    return tuple(map(_files_up_to, (await session.execute(_NUMBERS)).one()))


async def indexed_posts(session: AsyncSession, after: int, end: int) -> Sequence[IndexedPost]:
    """Read the next posts with ids from `after + 1` to `end`, at most `ROWS_AT_ONCE`."""
    rows = await session.execute(_POSTS, {"after": after, "end": end})
    return [IndexedPost._make(row) for row in rows]


async def indexed_people(session: AsyncSession, after: int, end: int) -> Sequence[IndexedPerson]:
    """Read the next people with posts, like `indexed_posts`."""
    rows = await session.execute(_PEOPLE, {"after": after, "end": end})
    return [IndexedPerson._make(row) for row in rows]


async def indexed_tags(session: AsyncSession, after: int, end: int) -> Sequence[IndexedTag]:
    """Read the next tags of public posts, like `indexed_posts`."""
    rows = await session.execute(_TAGS, {"after": after, "end": end})
    return [IndexedTag._make(row) for row in rows]
