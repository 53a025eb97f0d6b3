"""Changing and withdrawing one's own held texts. Each function is one transaction."""

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.clock import now
from blog.core.errors import ForbiddenError, NotFoundError
from blog.core.i18n import lazy_gettext
from blog.models import HeldItem, HeldKind, Permission
from blog.review.content import Content

IS_GONE = lazy_gettext(
    "This is no longer waiting for a moderator. They've decided, or you've withdrawn it."
)
_TEXTS = {HeldKind.COMMENT, HeldKind.COMMENT_EDIT}


async def withdraw(session: AsyncSession, author: Viewer, item_id: int) -> None:
    """Withdraw a held comment or edit.

    Raises:
        NotFoundError: it is no longer held, or is another person's, or a post, which is withdrawn
            by changing its status to draft.
    """
    item = await _lock_item(session, author, item_id)
    await session.execute(delete(HeldItem).where(HeldItem.id == item.id))
    await session.commit()


async def change_text(
    session: AsyncSession, author: Viewer, item_id: int, body: str, body_html: str
) -> None:
    """Change a held comment, which stays held.

    Args:
        body_html: the rendered HTML of the text.

    Raises:
        ForbiddenError: the viewer may not comment any more.
        NotFoundError: as in `withdraw`; or it is an edit of a post.
    """
    if not author.can(Permission.COMMENT):
        raise ForbiddenError
    item = await _lock_item(session, author, item_id)
    if item.kind not in _TEXTS:
        raise NotFoundError(IS_GONE)
    item.payload = {**item.payload, "body": body}
    item.digest = Content(body_html).digest
    item.version += 1
    item.created_at = now()
    await session.commit()


async def _lock_item(session: AsyncSession, author: Viewer, item_id: int) -> HeldItem:
    item = await session.scalar(
        select(HeldItem)
        .where(HeldItem.id == item_id, HeldItem.author_id == author.id)
        .where(HeldItem.decided_at.is_(None), HeldItem.kind != HeldKind.POST)
        .with_for_update()
    )
    if item is None:
        raise NotFoundError(IS_GONE)
    return item
