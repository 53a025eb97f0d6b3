"""Holding posts and comments for review. The caller has locked the post, and commits."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.models import HeldItem, HeldKind
from blog.review.content import Content
from blog.review.rules import Reason


async def hold(
    session: AsyncSession, kind: HeldKind, content: Content, reasons: Sequence[Reason], *,
    author_id: int, post_id: int, payload: dict[str, Any] | None = None,
    comment_id: int | None = None, version: int = 0, submission: UUID | None = None,
) -> int:  # fmt: skip
    """Hold a text for review, in place of an earlier version that is still held.

    Args:
        content: the content for a moderator to approve.
        author_id, post_id, payload, comment_id, version: as in `HeldItem`.
        submission: the idempotency key of the form; if the same form was sent before, its item
            stays.

    Returns:
        The id of the item.
    """
    if kind is HeldKind.COMMENT_EDIT:
        await drop(session, HeldItem.comment_id == comment_id, HeldItem.kind == kind)
    elif kind is not HeldKind.COMMENT:
        await drop(session, HeldItem.post_id == post_id, HeldItem.kind == kind)
    added = insert(HeldItem).values(
        kind=kind, author_id=author_id, post_id=post_id, comment_id=comment_id,
        payload=payload or {}, reasons=[list(reason) for reason in reasons],
        digest=content.digest, version=version, submission=submission,
    )  # fmt: skip
    if submission is None:
        return (await session.scalars(added.returning(HeldItem.id))).one()
    item_id = await session.scalar(added.on_conflict_do_nothing().returning(HeldItem.id))
    if item_id is None:
        sent_before = select(HeldItem.id).where(HeldItem.submission == submission)
        item_id = (await session.scalars(sent_before)).one()
    return item_id


async def drop(session: AsyncSession, *conditions: Any) -> bool:
    """Delete the items that meet some conditions and are still held, because their author has
    withdrawn them or sent another version.

    Returns:
        Whether there were any.
    """
    waiting = delete(HeldItem).where(HeldItem.decided_at.is_(None), *conditions)
    dropped = waiting.returning(HeldItem.id).execution_options(synchronize_session=False)
    return bool((await session.scalars(dropped)).all())
