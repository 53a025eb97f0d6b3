"""Queries for a person's texts that are held for review."""

from typing import Any

from sqlalchemy import BigInteger, and_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.models import HeldItem, HeldKind, Post
from blog.models.account_deletion import not_deleted

OF = bindparam("of", type_=BigInteger)
_OF_POST = (Post.title, Post.slug, Post.status, Post.hidden_at, Post.author_id)
# That of a deleted author is `None`, before its row is.
_THE_POST = HeldItem.post.and_(not_deleted(Post.author_id))
_OWN = (
    select(HeldItem)
    .where(HeldItem.author_id == OF)
    .options(joinedload(_THE_POST).load_only(*_OF_POST, Post.body))
)
_NOT_APPROVED = or_(HeldItem.decided_at.is_(None), HeldItem.is_approved.is_(False))
_WAITING: Listing[HeldItem] = Listing(
    Order(HeldItem.id), _OWN.where(_NOT_APPROVED), lambda item: (item.id,)
)
_IN_API: Listing[HeldItem] = Listing(
    Order(HeldItem.id),
    _OWN.where(HeldItem.decided_at.is_(None), HeldItem.kind != HeldKind.POST),
    lambda item: (item.id,),
)


async def own_items(session: AsyncSession, wanted: CursorRequest, author_id: int) -> Page[HeldItem]:
    """A person's items that are held or were recently refused, with the posts, the newest first."""
    return await _WAITING.read(session, wanted, of=author_id)


async def own_pending_items(
    session: AsyncSession, wanted: CursorRequest, author_id: int
) -> Page[HeldItem]:
    """A person's held comments and edits. Held posts are listed with their drafts."""
    return await _IN_API.read(session, wanted, of=author_id)


async def own_item(session: AsyncSession, item_id: int, author_id: int) -> HeldItem | None:
    """One of a person's held comments and edits."""
    item = select(HeldItem).where(
        and_(HeldItem.id == item_id, HeldItem.author_id == author_id),
        HeldItem.decided_at.is_(None),
        HeldItem.kind != HeldKind.POST,
        not_deleted(HeldItem.author_id),
    )
    options: Any = joinedload(HeldItem.post, innerjoin=True).load_only(*_OF_POST)
    return await session.scalar(item.options(options))
