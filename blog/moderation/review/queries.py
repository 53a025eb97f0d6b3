"""Queries of held items that wait for moderators."""

from collections.abc import Sequence

from sqlalchemy import Select, null, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased, joinedload

from blog.core.db.cursors import Order
from blog.core.db.pagination import CursorRequest, Listing, Page
from blog.models import Cover, HeldItem, HeldKind, Media, Post, User
from blog.models.account_deletion import not_deleted
from blog.models.cover import facts_of_cover

_OF_POST = (
    Post.title, Post.slug, Post.status, Post.version, Post.body_html, Post.summary, Post.tags,
    Post.canonical_url, Post.author_id, Post.hidden_at, Post.cover_facts,
)  # fmt: skip
_WAITING: Select[HeldItem] = (
    select(HeldItem)
    .where(HeldItem.decided_at.is_(None), not_deleted(HeldItem.author_id))
    .options(
        joinedload(HeldItem.author, innerjoin=True).joinedload(User.role, innerjoin=True),
        # The post of a deleted author is `None`, before its row is.
        joinedload(HeldItem.post.and_(not_deleted(Post.author_id))).load_only(*_OF_POST),
    )
)
_QUEUE: Listing[HeldItem] = Listing(
    Order(HeldItem.id, descending=False), _WAITING, lambda item: (item.id,)
)


async def queue(session: AsyncSession, wanted: CursorRequest) -> Page[HeldItem]:
    """The held items, oldest first, with authors and posts.

    Raises:
        InvalidCursorError: the cursor doesn't belong to this list.
    """
    return await _QUEUE.read(session, wanted)


async def new_covers(session: AsyncSession, items: Sequence[HeldItem]) -> dict[int, Cover]:
    """The covers that posts get by some edits, by the ids of the items: with the alternative text
    that is approved with them."""
    edits = [item for item in items if item.kind == HeldKind.EDIT and item.payload.get("cover")]
    if not edits:
        return {}
    image = aliased(Media)
    chosen = image.id.in_({item.payload["cover"] for item in edits})
    rows = await session.execute(select(image.id, facts_of_cover(image.id, null())).where(chosen))
    covers = {id_: Cover.read(facts) for id_, facts in rows}
    found = ((item, covers.get(item.payload["cover"])) for item in edits)
    return {
        item.id: cover._replace(alt=item.payload.get("cover_alt", cover.alt))
        for item, cover in found
        if cover
    }


async def waiting_item(session: AsyncSession, item_id: int) -> HeldItem | None:
    """A held item, with its author and their role, and its post."""
    return await session.scalar(_WAITING.where(HeldItem.id == item_id))
