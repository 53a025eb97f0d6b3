"""Handlers of events about posts."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.queue import enqueue
from blog.models import Post, PostMailing, Subscription
from blog.models.subscription import ACTIVE
from blog.subscriptions.jobs import MAIL_POST


class PostEvent(Protocol):
    """An event about a post."""

    @property
    def post_id(self) -> int: ...


async def mail_to_subscribers(session: AsyncSession, events: Sequence[PostEvent]) -> None:
    """Mail posts that have become public, if their authors have subscribers.

    A post that was mailed before is included: it may have been withdrawn before everyone had it.
    """
    published = (
        select(Post.id)
        .where(
            Post.id.in_([event.post_id for event in events]),
            exists().where(Subscription.author_id == Post.author_id, ACTIVE),
        )
        .order_by(Post.id)
    )
    ids = (await session.scalars(published)).all()
    if not ids:
        return
    begun = insert(PostMailing).values([{"post_id": post_id} for post_id in ids])
    await session.execute(begun.on_conflict_do_nothing())
    for post_id in ids:
        await enqueue(session, MAIL_POST, key=str(post_id), post_id=post_id)
