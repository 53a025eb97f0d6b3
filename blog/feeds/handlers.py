"""Handlers of events that change feeds, on a site with a WebSub hub."""

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.jobs.queue import enqueue
from blog.feeds.jobs import PING_HUB


class OfAuthor(Protocol):
    """An event of a post."""

    @property
    def author_id(self) -> int: ...


async def tell_hub(session: AsyncSession, events: Sequence[OfAuthor]) -> None:
    """Ping the hub once for each author, however many of their posts have changed."""
    for author_id in sorted({event.author_id for event in events}):
        await enqueue(session, PING_HUB, key=str(author_id), author_id=author_id)
