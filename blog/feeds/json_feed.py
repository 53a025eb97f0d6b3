"""Documents of JSON Feed 1.1 (https://www.jsonfeed.org/version/1.1/)."""

import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import urljoin

from blog.core.text.cleaning import remove_forbidden
from blog.core.web.app import current_app
from blog.core.web.avatars import avatar_url
from blog.feeds.content import make_urls_absolute
from blog.feeds.documents import Document, format_timestamp, profile_url
from blog.feeds.entries import Enclosure, Entry
from blog.posts.listed import Author

MEDIA_TYPE = "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"


def json_document(of: Document, entries: Iterable[str]) -> str:
    """Build a page of a feed.

    Args:
        of: the page.
        entries: results of `json_entry`.
    """
    feed = of.feed
    head = _json(
        version=VERSION,
        title=feed.title,
        home_page_url=feed.page,
        feed_url=of.here,
        description=feed.subtitle or None,
        next_url=of.next,
        language=feed.language,
        authors=[_author(feed.author)] if feed.author else None,
        hubs=[{"type": "WebSub", "url": of.hub}] if of.hub else None,
    )
    return f'{head[:-1]},"items":[{",".join(entries)}]}}'


def json_entry(entry: Entry) -> str:
    """Build an item."""
    return _json(
        id=entry.id,
        url=entry.page,
        title=entry.title,
        content_html=make_urls_absolute(entry.html, entry.page),
        summary=entry.summary,
        image=entry.cover,
        date_published=format_timestamp(entry.published),
        date_modified=format_timestamp(entry.updated),
        authors=[_author(entry.author)],
        tags=entry.tags,
        language=entry.language,
        attachments=[_attachment(image) for image in entry.images],
    )


def _author(author: Author | str) -> dict[str, str]:
    if isinstance(author, str):
        return {"name": author}
    return {
        "name": author.name or author.username,
        "url": profile_url(author),
        "avatar": urljoin(current_app.settings.base_url, avatar_url(author)),
    }


def _attachment(image: Enclosure) -> dict[str, Any]:
    size = {} if image.length is None else {"size_in_bytes": image.length}
    return {"url": image.address, "mime_type": "image/webp", **size}


def _json(**values: Any) -> str:
    """Serialise an object, omitting values that are `None`."""
    text = json.dumps(
        {name: value for name, value in values.items() if value is not None},
        ensure_ascii=False,
        separators=(",", ":"),
    )
    return remove_forbidden(text)
