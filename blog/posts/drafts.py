"""A person's unpublished posts, last changed first."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page, Rows
from blog.models import Post, User
from blog.models.post import is_unpublished
from blog.posts.listed import ListedPost, UnreadPost, listed_or_unread_of_row, text_columns
from blog.posts.lists import cut_unread
from blog.posts.queries import OF

_POST, _USER = Post.__table__.c, User.__table__.c
_LAST_CHANGED = Order(func.coalesce(_POST.edited_at, _POST.created_at), _POST.id)
_own = select(_POST.id).where(
    _POST.author_id == OF, is_unpublished(_POST), _POST.hidden_at.is_(None)
)
_NUMBER = select(func.count()).select_from(_own.subquery())


def _complete(ids: Rows) -> Rows:
    shown = ids.subquery("shown")
    return (
        select(*text_columns(_LAST_CHANGED))
        .join_from(shown, Post.__table__, _POST.id == shown.c.id)
        .join(User.__table__, _USER.id == _POST.author_id)
        .order_by(*_LAST_CHANGED.by)
    )


def _cursor_values(post: ListedPost | UnreadPost) -> Sequence[Any]:
    return post.edited_at or post.created_at, post.id


_DRAFTS: Listing[Any] = Listing(_LAST_CHANGED, _own, _cursor_values, complete=_complete)


async def drafts(session: AsyncSession, wanted: CursorRequest, author_id: int) -> Page[ListedPost]:
    """A person's drafts and scheduled posts, as many as fit in one response.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
    """
    total = (await session.scalars(_NUMBER, {"of": author_id})).one()
    statement, parameters = _DRAFTS.query(wanted, of=author_id)
    rows = [listed_or_unread_of_row(row) for row in await session.execute(statement, parameters)]
    return cut_unread(_DRAFTS.page(rows, wanted, total), _DRAFTS.cursor)
