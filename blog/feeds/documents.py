"""The parts that both document formats share."""

from datetime import datetime
from typing import NamedTuple

from blog.core.web.app import current_app
from blog.feeds.entries import Feed
from blog.posts.listed import Author


class Document(NamedTuple):
    """A page of a feed.

    Attributes:
        feed: the feed.
        id: the URI of the feed, which never changes.
        updated: the last change to any of its entries.
        here: the absolute URL of the page.
        first, next: the URLs of other pages.
        other: the URL of the feed in the other format.
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


def format_timestamp(time: datetime) -> str:
    """Format a time (RFC 3339): `2026-11-24T09:30:00Z`."""
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def profile_url(author: Author) -> str:
    """The absolute URL of an author's profile."""
    return f"{current_app.settings.base_url}/user/{author.username}"
