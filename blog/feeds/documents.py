"""What both kinds of documents need."""

from datetime import datetime
from typing import NamedTuple

from blog.core.web.app import current_app
from blog.feeds.entries import Feed
from blog.posts.listed import Author


class Document(NamedTuple):
    """A page of a feed.

    Attributes:
        feed: what it is about.
        id: a URI that never changes, of the feed.
        updated: when any of its entries was changed last.
        here: its absolute address.
        first, next: those of other pages of the feed.
        other: that of the same feed as the other kind of document.
        hub: the WebSub hub.
    """

    feed: Feed
    id: str
    updated: datetime
    here: str
    first: str
    next: str | None
    other: str
    hub: str | None


def moment_text(moment: datetime) -> str:
    """A time as RFC 3339 has it: `2026-11-24T09:30:00Z`."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def profile_of(author: Author) -> str:
    """The absolute address of somebody's profile."""
    return f"{current_app.settings.base_url}/user/{author.username}"
