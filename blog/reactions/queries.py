"""Queries of likes and bookmarks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.models import Bookmark, Post, PostLike, User
from blog.models.account_deletion import not_deleted
from blog.posts.lists import CARD_COLUMNS, ListedPost, PostCard, card_of
from blog.posts.queries import IS_LISTED

_POST, _USER, _BOOKMARK = Post.__table__.c, User.__table__.c, Bookmark.__table__.c


class Kept(NamedTuple):
    """A post that somebody has bookmarked, and when they did."""

    post: PostCard
    created_at: datetime


def _with_people(part: Rows) -> Select[PostLike]:
    like = aliased(PostLike, part.subquery("shown"))
    return (
        select(like)
        .join(like.user)
        .options(contains_eager(like.user))
        .order_by(like.created_at.desc(), User.id.desc())
    )


_LIKES: Listing[PostLike] = Listing(
    Order(PostLike.created_at, PostLike.user_id),
    select(PostLike).where(
        PostLike.post_id == bindparam("post", type_=BigInteger), not_deleted(PostLike.user_id)
    ),
    lambda like: (like.created_at, like.user.id),
    complete=_with_people,
)
_KEPT_LAST = Order(_BOOKMARK.created_at, _BOOKMARK.post_id)


def _with_posts(part: Rows) -> Rows:
    shown = part.subquery("shown")
    return (
        select(*CARD_COLUMNS, shown.c.created_at)
        .join_from(shown, Post.__table__, _POST.id == shown.c.post_id)
        .join(User.__table__, _USER.id == _POST.author_id)
        .order_by(shown.c.created_at.desc(), shown.c.post_id.desc())
    )


# A bookmark of a post that is not public any more is left out until it is.
_BOOKMARKS: Listing[Any] = Listing(
    _KEPT_LAST,
    select(_BOOKMARK.created_at, _BOOKMARK.post_id)
    .join_from(Bookmark.__table__, Post.__table__, _POST.id == _BOOKMARK.post_id)
    .where(_BOOKMARK.user_id == bindparam("of", type_=BigInteger), IS_LISTED),
    lambda kept: (kept.created_at, kept.post.id),
    complete=_with_posts,
)


async def likes_page(
    session: AsyncSession, post: Post | ListedPost, wanted: PageRequest | CursorRequest
) -> Page[PostLike]:
    """The likes of a post, the newest first; the `user` of each is loaded."""
    return await _LIKES.read(session, wanted, post.like_count, post=post.id)


async def bookmarks_page(
    session: AsyncSession, wanted: PageRequest | CursorRequest, user_id: int
) -> Page[Kept]:
    """The posts that a user has bookmarked, the last bookmarked first.

    Raises:
        InvalidCursorError: the cursor is not of this list.
        TooDeepError: the page has no number.
    """
    if deep := _BOOKMARKS.too_deep(wanted):
        return _BOOKMARKS.page_past_the_end(deep, None)
    statement, parameters = _BOOKMARKS.query(wanted, of=user_id)
    rows: Sequence[Any] = (await session.execute(statement, parameters)).all()
    return _BOOKMARKS.page([Kept(card_of(row), row[-1]) for row in rows], wanted)
