"""Queries of likes and bookmarks."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Select, and_, bindparam, join, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, contains_eager

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, PageRequest, Rows
from blog.models import Bookmark, Post, PostLike, User
from blog.models.account_deletion import not_deleted
from blog.models.block import shown_to_viewer
from blog.posts.lists import CARD_COLUMNS, ListedPost, PostCard, card_of
from blog.posts.queries import IS_LISTED

_POST, _USER, _BOOKMARK = Post.__table__.c, User.__table__.c, Bookmark.__table__.c


class Kept(NamedTuple):
    """A bookmark.

    Attributes:
        post: `None` if it is not public any more.
    """

    post: PostCard | None
    created_at: datetime
    post_id: int


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
    shown=shown_to_viewer(PostLike.user_id),
)


def _with_posts(part: Rows) -> Rows:
    shown = part.subquery("shown")
    posts = join(Post.__table__, User.__table__, _USER.id == _POST.author_id)
    return (
        select(*CARD_COLUMNS, shown.c.created_at, shown.c.post_id)
        .select_from(shown.outerjoin(posts, and_(_POST.id == shown.c.post_id, IS_LISTED)))
        .order_by(shown.c.created_at.desc(), shown.c.post_id.desc())
    )


# The posts that are not public are left out only at the end, so that those of the pages before
# need not be read.
_BOOKMARKS: Listing[Any] = Listing(
    Order(_BOOKMARK.created_at, _BOOKMARK.post_id),
    select(_BOOKMARK.created_at, _BOOKMARK.post_id).where(
        _BOOKMARK.user_id == bindparam("of", type_=BigInteger)
    ),
    lambda kept: (kept.created_at, kept.post_id),
    complete=_with_posts,
)


async def likes_page(
    session: AsyncSession, post: Post | ListedPost, wanted: PageRequest | CursorRequest,
    filtered_for: int = 0,
) -> Page[PostLike]:  # fmt: skip
    """The likes of a post, the newest first; the `user` of each is loaded.

    Args:
        filtered_for: the viewer whose hidden people are left out (`Viewer.filtered_for`).
    """
    return await _LIKES.read(
        session, wanted, post.like_count, filtered_for=filtered_for, post=post.id
    )


async def bookmarks_page(
    session: AsyncSession, wanted: PageRequest | CursorRequest, user_id: int
) -> Page[Kept]:
    """A user's bookmarks, the newest first.

    Raises:
        InvalidCursorError: the cursor is not of this list.
        TooDeepError: the page has no number.
    """
    if deep := _BOOKMARKS.too_deep(wanted):
        return _BOOKMARKS.page_past_the_end(deep, None)
    statement, parameters = _BOOKMARKS.query(wanted, of=user_id)
    rows: Sequence[Any] = (await session.execute(statement, parameters)).all()
    kept = [Kept(None if row[0] is None else card_of(row), *row[-2:]) for row in rows]
    return _BOOKMARKS.page(kept, wanted)
