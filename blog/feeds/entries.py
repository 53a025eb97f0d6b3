"""Feeds and their entries: immutable values that documents are built from."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urljoin

from blog.core.web.admonitions import with_titles
from blog.core.web.app import current_app
from blog.feeds.content import images_in
from blog.feeds.ids import SiteFacts
from blog.media.sizes import variant_path
from blog.posts.addresses import absolute_post_url
from blog.posts.listed import Author, ListedPost


class Feed(NamedTuple):
    """A feed.

    Attributes:
        key: identifies it among the feeds of the site, even if its title and URL change:
            `("tag", 7)`.
        title: its title.
        page: the absolute URL of the page with the same list.
        since: when it began: its last change while it is empty.
        arguments: the query parameters of its URL, besides the cursor.
        subtitle: its subtitle.
        is_pushed: whether the WebSub hub is notified of changes (`blog.feeds.handlers`).
        language: the language of all its texts, as a BCP 47 tag, if known.
        author: the author of all its entries.
    """

    key: tuple[str | int, ...]
    title: str
    page: str
    since: datetime
    arguments: tuple[tuple[str, str], ...] = ()
    subtitle: str = ""
    is_pushed: bool = False
    language: str | None = None
    author: Author | None = None


class Enclosure(NamedTuple):
    """An image that belongs to an entry.

    Attributes:
        address: its absolute URL.
        length: its size in bytes, if known.
    """

    address: str
    length: int | None


class Entry(NamedTuple):
    """A post, a comment, or an entry of a log.

    Attributes:
        id: a URI that never changes.
        page: its absolute URL.
        title: its title; `None` for a note.
        html: its text.
        updated: when its text was last changed, or else when it was published.
        author: a user, or the name of a person without a profile.
        tags: the names of its tags.
        cover: the URL of its cover.
        images: all its images, the cover first.
        original: the URL of the original, if it was first published on another site.
        comments: for a post, the URL of its comment feed, without the extension.
        answers: for a comment, the id and the page of the post.
    """

    id: str
    page: str
    title: str | None
    html: str
    published: datetime
    updated: datetime
    author: Author | str
    language: str | None = None
    summary: str | None = None
    tags: tuple[str, ...] = ()
    cover: str | None = None
    images: tuple[Enclosure, ...] = ()
    original: str | None = None
    comments: str | None = None
    answers: tuple[str, str] | None = None


# The sizes of image files, by the name of the image and the width.
Lengths = Mapping[tuple[str, int], int]


def image_names(post: ListedPost) -> set[str]:
    """The names of the images whose sizes an entry needs."""
    names = {image.name for image in images_in(post.body_html)}
    return names | {post.cover.name} if post.cover else names


def build_entry(post: ListedPost, site: SiteFacts, lengths: Lengths) -> Entry:
    """Build the entry of a published post."""
    base = current_app.settings.base_url
    page = absolute_post_url(post.id, post.slug)
    published = post.published_at or post.created_at
    shown = {
        image.name: Enclosure(urljoin(base, image.address), lengths.get(image[1:]))
        for image in images_in(post.body_html)
    }
    cover = None
    if post.cover:
        name, width = post.cover.name, post.cover.variants[-1][0]
        cover = urljoin(current_app.settings.media_url or base, variant_path(name, width))
        shown = {name: Enclosure(cover, lengths.get((name, width)))} | shown
    return Entry(
        id=site.id_of("post", post.id),
        page=page,
        title=post.title,
        html=with_titles(post.body_html, post.shown_language),
        published=published,
        updated=max(published, post.edited_at or published),
        author=post.author,
        language=post.shown_language,
        summary=post.summary,
        tags=post.tags,
        cover=cover,
        images=tuple(shown.values()),
        original=post.canonical_url,
        comments=f"{base}/post/{post.id}/comments/feed",
    )
