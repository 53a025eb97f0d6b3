"""Handlers of events that change feeds, on a site with a WebSub hub."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.queue import enqueue
from blog.feeds.jobs import PING_HUB
from blog.models import PostTag


class PostEvent(Protocol):
    """An event about a post."""

    @property
    def post_id(self) -> int: ...

    @property
    def author_id(self) -> int: ...


async def notify_hub(session: AsyncSession, events: Sequence[PostEvent]) -> None:
    """Ping the hub once per author and per tag, however many of their posts have changed."""
    for author_id in sorted({event.author_id for event in events}):
        await enqueue(session, PING_HUB, key=str(author_id), author_id=author_id)
    posts = {event.post_id for event in events}
    tags = select(PostTag.tag_id).where(PostTag.post_id.in_(posts)).distinct()
    for tag_id in sorted(await session.scalars(tags)):
        await enqueue(session, PING_HUB, key=f"tag {tag_id}", tag_id=tag_id)
