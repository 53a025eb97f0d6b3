"""What feeds consist of: immutable values, from which documents are made."""

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
    """What a feed is about.

    Attributes:
        key: what distinguishes it from the other feeds of the site, whatever its title and its
            address become: `("tag", 7)`.
        title: for people.
        page: the absolute address of the page with the same list.
        since: when it began, which counts while it is empty.
        arguments: those in the query of its address, beside the cursor.
        subtitle: further words for people.
        is_pushed: whether the WebSub hub is told of changes (`blog.feeds.handlers`).
        language: of all its texts, as a BCP 47 tag, if it is known.
        author: of all its entries.
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
        address: absolute.
        length: in bytes; `None` if it is unknown.
    """

    address: str
    length: int | None


class Entry(NamedTuple):
    """A post, a comment, or an entry of a log.

    Attributes:
        id: a URI that never changes.
        page: its absolute address.
        title: `None` for a note.
        html: the text.
        updated: when its text was changed last, or else published.
        author: a user, or the name of someone without a profile.
        tags: their names.
        cover: the address of its cover.
        images: all its images, the cover first.
        original: where it was published first, if on another site.
        comments: the address of the feed of its comments, without the ending; of a post.
        answers: the id and the page of the post on which it comments.
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


# The lengths of the files of an image, by its name and their widths.
Lengths = Mapping[tuple[str, int], int]


def names_of_images(post: ListedPost) -> set[str]:
    """The images whose lengths an entry has."""
    names = {image.name for image in images_in(post.body_html)}
    return names | {post.cover.name} if post.cover else names


def entry_of(post: ListedPost, site: SiteFacts, lengths: Lengths) -> Entry:
    """The entry of a published post."""
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
