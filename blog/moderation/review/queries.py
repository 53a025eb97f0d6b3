"""Queries of what waits for moderators."""

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.models import HeldItem, Post, User
from blog.models.account_deletion import not_deleted

_OF_POST = (
    Post.title, Post.slug, Post.status, Post.version, Post.body_html, Post.summary, Post.tags,
    Post.canonical_url, Post.author_id, Post.hidden_at, Post.cover_facts,
)  # fmt: skip
_WAITING: Select[HeldItem] = (
    select(HeldItem)
    .where(HeldItem.decided_at.is_(None), not_deleted(HeldItem.author_id))
    .options(
        joinedload(HeldItem.author, innerjoin=True).joinedload(User.role, innerjoin=True),
        joinedload(HeldItem.post, innerjoin=True).load_only(*_OF_POST),
    )
)
_QUEUE: Listing[HeldItem] = Listing(
    Order(HeldItem.id, descending=False), _WAITING, lambda item: (item.id,)
)


async def queue(session: AsyncSession, wanted: CursorRequest) -> Page[HeldItem]:
    """What waits, the oldest first, with authors and posts.

    Raises:
        InvalidCursorError: the cursor is not of this list.
    """
    return await _QUEUE.read(session, wanted)


async def waiting_item(session: AsyncSession, item_id: int) -> HeldItem | None:
    """Something that waits, with its author and their role, and its post."""
    return await session.scalar(_WAITING.where(HeldItem.id == item_id))
