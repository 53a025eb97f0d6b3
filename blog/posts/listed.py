"""Posts as lists read them: a short card for a page, or the whole text for the API."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Text, case, cast, func, literal_column

from blog.core.auth.viewer import Viewer
from blog.core.db.cursors import Order
from blog.core.text.excerpts import NEEDED, shown_in_lists
from blog.models import Cover, Post, PostStatus, User
from blog.models.cover import facts_of_cover
from blog.models.tag import names_of_tags

# Table columns rather than mapped attributes, so that lists bypass the ORM.
_POST, _USER = Post.__table__.c, User.__table__.c
# Bytes of text that a list reads at once; the texts of further posts are read later.
TEXT_BYTES = 512 * 1024


class Author(NamedTuple):
    """The author of a post in a list."""

    id: int
    username: str
    avatar_key: str
    name: str

    @classmethod
    def of(cls, viewer: Viewer) -> "Author":
        """The viewer as the author of what they write."""
        person = viewer.person
        return cls(viewer.id, viewer.username, person.avatar_key, person.name)


class PostCard(NamedTuple):
    """A post in a list on a page, an immutable value.

    Attributes:
        beginning: its HTML, or an excerpt if it is long.
        is_cut: whether `beginning` is an excerpt.
        summary: the author's summary, shown instead of the beginning.
        shown_language: its language, or else its author's.
        hidden_word: the word or tag for which it is collapsed for this viewer
            (`blog.posts.hidden_words`).
    """

    id: int
    beginning: str
    is_cut: bool
    title: str | None
    slug: str | None
    summary: str | None
    word_count: int | None
    shown_language: str | None
    tags: tuple[str, ...]
    pinned_at: datetime | None
    published_at: datetime
    edited_at: datetime | None
    comment_count: int
    like_count: int
    cover: Cover | None
    author: Author
    hidden_word: str = ""


class ListedPost(NamedTuple):
    """A post with its text and its author, for the API.

    Attributes:
        liked, bookmarked: whether the viewer likes it and has bookmarked it; `None` for an
            anonymous viewer. See `blog.posts.viewer_state`.
        is_collapsed: whether it contains a word or tag that the viewer hides.
    """

    id: int
    body: str
    body_html: str
    created_at: datetime
    published_at: datetime | None
    edited_at: datetime | None
    version: int
    comment_count: int
    like_count: int
    status: PostStatus
    hidden_at: datetime | None
    title: str | None
    slug: str | None
    summary: str | None
    word_count: int | None
    shown_language: str | None
    canonical_url: str | None
    comments_open: bool
    comments_limited: bool
    pinned_at: datetime | None
    scheduled_wall: datetime | None
    time_zone: str | None
    revision: int
    cover: Cover | None
    tags: tuple[str, ...]
    author: Author
    liked: bool | None = None
    bookmarked: bool | None = None
    is_collapsed: bool = False

    @property
    def author_id(self) -> int:
        return self.author.id

    @property
    def is_public(self) -> bool:
        """Whether everyone may read it."""
        return self.status == PostStatus.PUBLISHED and self.hidden_at is None


class UnreadPost(NamedTuple):
    """A post whose text was not read, because the posts before it reached the limit.

    Attributes:
        row_version: differs after each change of the post.
    """

    id: int
    created_at: datetime
    published_at: datetime
    edited_at: datetime | None
    row_version: str


_LANGUAGE, _TAGS = func.coalesce(_POST.language, _USER.language), names_of_tags(_POST.id)
_COVER = facts_of_cover(_POST.cover_id, _POST.cover_alt)
_AVATAR_KEY = func.coalesce(_USER.avatar, _USER.avatar_hash)
AUTHOR_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _USER.id, _USER.username, _AVATAR_KEY, _USER.name,
)  # fmt: skip
COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _POST.body, _POST.body_html, _POST.created_at, _POST.published_at, _POST.edited_at,
    _POST.version, _POST.comment_count, _POST.like_count, _POST.status, _POST.hidden_at,
    _POST.title, _POST.slug, _POST.summary, _POST.word_count, _LANGUAGE, _POST.canonical_url,
    _POST.comments_open, _POST.comments_limited, _POST.pinned_at, _POST.scheduled_wall,
    _POST.time_zone, _POST.revision, _COVER, _TAGS, *AUTHOR_COLUMNS,
)  # fmt: skip
# For posts without a stored excerpt; the database decompresses only this part.
_BEGINNING = case(
    (_POST.excerpt.is_(None), func.left(_POST.body_html, literal_column(str(NEEDED))))
)
CARD_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _POST.excerpt, _BEGINNING, func.octet_length(_POST.body_html),
    _POST.title, _POST.slug, _POST.summary, _POST.word_count, _LANGUAGE, _TAGS,
    _POST.pinned_at, _POST.published_at, _POST.edited_at, _POST.comment_count, _POST.like_count,
    _COVER, *AUTHOR_COLUMNS,
)  # fmt: skip
_BYTES = func.octet_length(_POST.body) + func.octet_length(_POST.body_html)
_ROW_VERSION = cast(literal_column("posts.xmin"), Text)
_NO_TEXT = literal_column("''", Text)
SUMMARY_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _NO_TEXT.label("body"), _NO_TEXT.label("body_html"), *COLUMNS[3:],
)  # fmt: skip


def text_columns(order: Order) -> tuple[ColumnElement[Any], ...]:
    """`COLUMNS` without the texts beyond the first `TEXT_BYTES` of a list, and the row version."""
    before = func.sum(_BYTES).over(order_by=order.by) - _BYTES
    is_within = literal_column(str(TEXT_BYTES)) > before
    texts = (case((is_within, text)) for text in (_POST.body, _POST.body_html))
    return (_POST.id, *texts, *COLUMNS[3:], _ROW_VERSION)


def listed_post_of_row(row: Sequence[Any]) -> ListedPost:
    """Convert a row that starts with `COLUMNS`."""
    end = len(COLUMNS)
    *fields, cover, tags = row[: end - len(AUTHOR_COLUMNS)]
    author = Author._make(row[end - len(AUTHOR_COLUMNS) : end])
    not_filled_in = (None, None, False)
    return ListedPost._make((*fields, Cover.read(cover), tuple(tags), author, *not_filled_in))


def listed_or_unread_of_row(row: Sequence[Any]) -> ListedPost | UnreadPost:
    """Convert a row of `text_columns`."""
    if row[1] is not None:
        return listed_post_of_row(row)
    return UnreadPost._make((row[0], *row[3:6], row[len(COLUMNS)]))


def card_of_row(row: Sequence[Any]) -> PostCard:
    """Convert a row that starts with `CARD_COLUMNS`."""
    shown, cover, author = shown_in_lists(*row[1:4]), Cover.read(row[15]), row[16:20]
    return PostCard._make(
        (row[0], *shown, *row[4:9], tuple(row[9]), *row[10:15], cover, Author._make(author), "")
    )
