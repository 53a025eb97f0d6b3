"""Queries for the editor and the page of drafts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    Select,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.db.pagination import Page, PageRequest
from blog.core.i18n import gettext as _
from blog.models import Post, PostDraft, PostStatus, PostTag, Tag
from blog.models.account_deletion import not_deleted

# The newest posts of an author whose tags are suggested.
POSTS_WITH_TAGS = 200
MOST_TAGS = 100
# The length of the beginning of a text in a list, in characters.
BEGINNING = 160

_EDITED = (
    select(Post, PostDraft)
    .outerjoin(
        PostDraft,
        and_(
            PostDraft.post_id == Post.id,
            PostDraft.editor_id == bindparam("editor", type_=BigInteger),
        ),
    )
    .where(Post.id == bindparam("post", type_=BigInteger), not_deleted(Post.author_id))
    .options(joinedload(Post.author, innerjoin=True))
)
_NEWEST = (
    select(Post.id)
    .where(Post.author_id == bindparam("author", type_=BigInteger))
    .order_by(Post.id.desc())
    .limit(POSTS_WITH_TAGS)
    .subquery()
)
_TAGS = (
    select(Tag.name)
    .join_from(_NEWEST, PostTag, PostTag.post_id == _NEWEST.c.id)
    .join(Tag, Tag.id == PostTag.tag_id)
    .where(Tag.blocked_at.is_(None))
    .group_by(Tag.id)
    .order_by(func.count().desc(), Tag.name)
    .limit(MOST_TAGS)
)


class Edited(NamedTuple):
    """A post, and an editor's working copy of it."""

    post: Post
    copy: PostDraft | None


async def edited_post(session: AsyncSession, post_id: int, editor_id: int) -> Edited | None:
    """Load a post for an editor; the caller checks who may change it."""
    found = await session.execute(_EDITED, {"post": post_id, "editor": editor_id})
    row = found.one_or_none()
    return Edited(row[0], row[1]) if row else None


async def own_tags(session: AsyncSession, author_id: int) -> Sequence[str]:
    """The tags that an author has used recently, most frequent first."""
    return (await session.scalars(_TAGS, {"author": author_id})).all()


class ListedDraft(NamedTuple):
    """A draft, a scheduled post or a working copy on the page of drafts.

    Attributes:
        saved_at: when it was last changed.
        wall, zone: the local time of publication and its time zone, if it is scheduled.
    """

    id: int
    title: str
    text: str
    saved_at: datetime
    status: PostStatus
    published_at: datetime | None
    wall: datetime | None
    zone: str | None
    is_copy: bool

    @property
    def beginning(self) -> str:
        """The beginning of the text on one line."""
        return " ".join(self.text.split())

    @property
    def name(self) -> str:
        """Its title, or else the beginning of its text."""
        return self.title or self.beginning or _("Untitled")


async def drafts_page(
    session: AsyncSession, wanted: PageRequest, author_id: int, search: str
) -> Page[ListedDraft]:
    """A person's unpublished posts and changes, last changed first.

    Args:
        search: a string that the title or the text must contain; empty for all.
    """
    # The expression of the index `ix_posts_unpublished_of_author`.
    changed_at = func.coalesce(Post.edited_at, Post.created_at)
    title, text = PostDraft.fields["title"].astext, PostDraft.fields["body"].astext
    drafts = (
        select(
            Post.id, func.coalesce(Post.title, "").label("title"),
            func.left(Post.body, BEGINNING).label("text"), changed_at.label("saved_at"),
            Post.status, Post.published_at, Post.scheduled_wall, Post.time_zone,
            literal(False).label("is_copy"),
        )
        .where(Post.author_id == author_id, Post.status != literal_column("'published'"))
        .where(Post.hidden_at.is_(None))
        .order_by(changed_at.desc(), Post.id.desc())
    )  # fmt: skip
    copies = (
        select(
            Post.id, func.coalesce(title, "").label("title"),
            func.left(text, BEGINNING).label("text"), PostDraft.saved_at,
            Post.status, Post.published_at, Post.scheduled_wall, Post.time_zone,
            literal(True).label("is_copy"),
        )
        .join(Post, Post.id == PostDraft.post_id)
        .where(PostDraft.editor_id == author_id, Post.hidden_at.is_(None))
        .order_by(PostDraft.saved_at.desc(), PostDraft.post_id.desc())
    )  # fmt: skip
    if search:
        drafts = drafts.where(_contain(search, Post.title, Post.body))
        copies = copies.where(_contain(search, title, text))
    end = wanted.offset + wanted.limit
    parts: list[Select[Any]] = [drafts.limit(end), copies.limit(end)]
    both = union_all(*(part.subquery().select() for part in parts)).subquery()
    rows = await session.execute(
        select(both)
        .order_by(both.c.saved_at.desc(), both.c.id.desc())
        .offset(wanted.offset)
        .limit(wanted.limit)
    )
    found = [ListedDraft(*row) for row in rows]
    return Page(tuple(found[: wanted.size]), wanted.number, len(found) > wanted.size)


def _contain(search: str, *columns: Any) -> Any:
    return or_(*(column.icontains(search, autoescape=True) for column in columns))
