"""Lists of posts: short cards for pages, and whole texts for the API."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    ScalarSelect,
    Text,
    case,
    cast,
    false,
    func,
    literal_column,
    select,
    true,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.viewer import Viewer
from blog.core.db.cursors import Order
from blog.core.db.pagination import (
    DEEPEST_PAGE,
    LIMIT,
    OFFSET,
    CursorRequest,
    Listing,
    Page,
    PageRequest,
    Rows,
)
from blog.core.text.excerpts import NEEDED, shown_in_lists
from blog.models import Cover, Post, PostStatus, User
from blog.models.cover import facts_of_cover
from blog.models.tag import names_of_tags

# The columns of the tables themselves, so that the ORM has nothing to do with the lists.
_POST, _USER = Post.__table__.c, User.__table__.c
# The order of all lists of posts.
NEWEST_FIRST = Order(_POST.published_at, _POST.id)
# The number of bytes of text that a list reads at once; posts beyond it are read later.
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
    """A post in the list of a page: an immutable value.

    Attributes:
        beginning: the HTML; of a long post, an excerpt.
        is_cut: whether it is an excerpt.
        summary: what the author says of it, to be shown instead.
        shown_language: its language, or else that of its author.
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

    @property
    def author_id(self) -> int:
        return self.author.id

    @property
    def is_public(self) -> bool:
        """Whether everybody may read it."""
        return self.status == PostStatus.PUBLISHED and self.hidden_at is None


class UnreadPost(NamedTuple):
    """A post whose text was not read, because the previous ones reached the limit.

    Attributes:
        row_version: changes with each change of the post.
    """

    id: int
    created_at: datetime
    published_at: datetime
    edited_at: datetime | None
    row_version: str


_LANGUAGE, _TAGS = func.coalesce(_POST.language, _USER.language), names_of_tags(_POST.id)
_COVER = facts_of_cover(_POST.cover_id)
_AVATAR_KEY = func.coalesce(_USER.avatar, _USER.avatar_hash)
_AUTHOR: tuple[ColumnElement[Any], ...] = (
    _USER.id, _USER.username, _AVATAR_KEY, _USER.name,
)  # fmt: skip
COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _POST.body, _POST.body_html, _POST.created_at, _POST.published_at, _POST.edited_at,
    _POST.version, _POST.comment_count, _POST.like_count, _POST.status, _POST.hidden_at,
    _POST.title, _POST.slug, _POST.summary, _POST.word_count, _LANGUAGE, _POST.canonical_url,
    _POST.comments_open, _POST.comments_limited, _POST.pinned_at, _POST.scheduled_wall,
    _POST.time_zone, _POST.revision, _COVER, _TAGS, *_AUTHOR,
)  # fmt: skip
# For posts without a stored excerpt; the database decompresses only this part.
_BEGINNING = case(
    (_POST.excerpt.is_(None), func.left(_POST.body_html, literal_column(str(NEEDED))))
)
CARD_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _POST.excerpt, _BEGINNING, func.octet_length(_POST.body_html),
    _POST.title, _POST.slug, _POST.summary, _POST.word_count, _LANGUAGE, _TAGS,
    _POST.pinned_at, _POST.published_at, _POST.edited_at, _POST.comment_count, _POST.like_count,
    _COVER, *_AUTHOR,
)  # fmt: skip
_BYTES = func.octet_length(_POST.body) + func.octet_length(_POST.body_html)
_ROW_VERSION = cast(literal_column("posts.xmin"), Text)
_NO_TEXT = literal_column("''", Text)
_SUMMARY_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _NO_TEXT.label("body"), _NO_TEXT.label("body_html"), *COLUMNS[3:],
)  # fmt: skip


def text_columns(order: Order) -> tuple[ColumnElement[Any], ...]:
    """`COLUMNS`, without the texts behind the first `TEXT_BYTES` of a list; and the revision."""
    before = func.sum(_BYTES).over(order_by=order.by) - _BYTES
    is_within = literal_column(str(TEXT_BYTES)) > before
    texts = (case((is_within, text)) for text in (_POST.body, _POST.body_html))
    return (_POST.id, *texts, *COLUMNS[3:], _ROW_VERSION)


def _place(post: PostCard | ListedPost | UnreadPost) -> Sequence[Any]:
    return post.published_at, post.id


def listed(row: Sequence[Any]) -> ListedPost:
    """A post of which `COLUMNS` were read, and perhaps more."""
    end = len(COLUMNS)
    *fields, cover, tags = row[: end - len(_AUTHOR)]
    author = Author._make(row[end - len(_AUTHOR) : end])
    not_filled_in = (None, None)
    return ListedPost._make((*fields, Cover.read(cover), tuple(tags), author, *not_filled_in))


def listed_or_unread(row: Sequence[Any]) -> ListedPost | UnreadPost:
    """A post of which `text_columns` were read."""
    if row[1] is not None:
        return listed(row)
    return UnreadPost._make((row[0], *row[3:6], row[len(COLUMNS)]))


def page_of_read(page: Page[Any], cursor_of: Callable[[Any], str]) -> Page[Any]:
    """The posts of a page whose texts were read; the next page begins behind them."""
    read = tuple(post for post in page.rows if isinstance(post, ListedPost))
    if len(read) == len(page.rows):
        return page
    return replace(page, rows=read, next_cursor=cursor_of(read[-1]))


def card_of(row: Sequence[Any]) -> PostCard:
    """A post of which `CARD_COLUMNS` were read, and perhaps more."""
    shown, cover, author = shown_in_lists(*row[1:4]), Cover.read(row[15]), row[16:20]
    return PostCard._make(
        (row[0], *shown, *row[4:9], tuple(row[9]), *row[10:15], cover, Author._make(author), "")
    )


def _with_above(ids: Rows, above: Rows) -> Rows:
    """The ids of a numbered page, and on the first one those that come before all others."""
    page = ids.order_by(*NEWEST_FIRST.by).limit(LIMIT).offset(OFFSET).subquery()
    first = above.where(OFFSET == 0).subquery()
    both = union_all(
        select(page.c.id, false().label("is_above")), select(first.c.id, true().label("is_above"))
    ).subquery()
    return select(both)


class PostList:
    """A list of posts, the newest first, for pages, the API and feeds.

    Args:
        ids: a select of the ids of the posts, without order and limit.
        total: the number of posts in the list; NULL if unknown.
        order: the columns of `ids` that have the values of `NEWEST_FIRST`, if not those.
        above: selects those whose cards come before all others on the first page.
        by_number, by_cursor, deepest: as for `Listing`.
        filtered: the list without the people whom `VIEWER` has hidden (`blog.models.block`); by
            default it is the same.

    Attributes:
        viewer_id: the viewer who has; 0 for all others.
    """

    viewer_id = 0

    def __init__(
        self, ids: Rows, total: ScalarSelect[Any], *, order: Order = NEWEST_FIRST,
        above: Rows | None = None, by_number: Rows | None = None, by_cursor: Rows | None = None,
        deepest: int = DEEPEST_PAGE, filtered: "PostList | None" = None,
    ) -> None:  # fmt: skip
        number = cast(total, BigInteger)
        self._total, self._filtered = select(number), filtered

        def listing(*columns: Any, by_number: Rows | None = by_number) -> Listing[Any]:
            def complete(part: Rows) -> Rows:
                shown = part.subquery("shown")
                is_above = shown.c.get("is_above", false())
                return (
                    select(*columns, is_above, number)
                    .join_from(shown, Post.__table__, _POST.id == shown.c.id)
                    .join(User.__table__, _USER.id == _POST.author_id)
                    .order_by(*NEWEST_FIRST.by)
                )

            return Listing(
                order, ids, _place,
                complete=complete, by_number=by_number, by_cursor=by_cursor, deepest=deepest,
            )  # fmt: skip

        cards = by_number if above is None else _with_above(ids, above)
        self._cards = listing(*CARD_COLUMNS, by_number=cards)
        self._texts = listing(*text_columns(NEWEST_FIRST))
        self._summaries = listing(*_SUMMARY_COLUMNS)

    def seen_by(self, viewer: Viewer) -> "PostList":
        """The list as a viewer sees it: without the people whom they have hidden.

        Viewers who have hidden nobody share one list, so their reads are coalesced. A page for
        others has as many posts as any, but the number of the last page is unknown, and the total
        is that of the whole list.
        """
        if self._filtered is None or not viewer.filtered_for:
            return self
        theirs = copy(self._filtered)
        theirs.viewer_id = viewer.filtered_for
        return theirs

    async def cards(
        self, session: AsyncSession, wanted: PageRequest | CursorRequest, of: int | None = None
    ) -> Page[PostCard]:
        """A page of cards.

        Args:
            session: where to look.
            wanted: which page.
            of: the id of the person or tag whose list it is, if it is one's.

        Raises:
            InvalidCursorError: the cursor is none of this list.
            TooDeepError: the page has no number.
        """
        return await self._page(session, self._cards, card_of, wanted, of)

    async def texts(
        self, session: AsyncSession, wanted: PageRequest | CursorRequest, of: int | None = None
    ) -> Page[ListedPost | UnreadPost]:
        """Like `cards`, with the texts, except for the last ones if the others are long.

        A page by cursor ends before those, and the next page starts with them.
        """
        page = await self._page(session, self._texts, listed_or_unread, wanted, of)
        return page if isinstance(wanted, PageRequest) else page_of_read(page, self._texts.cursor)

    async def summaries(
        self, session: AsyncSession, wanted: PageRequest | CursorRequest, of: int | None = None
    ) -> Page[ListedPost]:
        """Like `texts`, but with empty texts, which are not read."""
        return await self._page(session, self._summaries, listed, wanted, of)

    async def _page(
        self, session: AsyncSession, listing: Listing[Any], made_of: Callable[[Row[Any]], Any],
        wanted: PageRequest | CursorRequest, of: int | None,
    ) -> Page[Any]:  # fmt: skip
        if deep := listing.too_deep(wanted):
            return listing.page_past_the_end(deep, await self._length(session, of))
        statement, parameters = listing.query(wanted, of=of, viewer=self.viewer_id)
        rows = (await session.execute(statement, parameters)).all()
        # An empty page has no row that contains the number.
        total = rows[0][-1] if rows else await self._length(session, of)
        above = [made_of(row) for row in rows if row[-2]]
        page = listing.page([made_of(row) for row in rows if not row[-2]], wanted, total)
        if self.viewer_id:
            page = replace(page, last_number=None)
        if not above:
            return page
        ids = {post.id for post in above}
        return replace(page, rows=(*above, *(post for post in page.rows if post.id not in ids)))

    async def _length(self, session: AsyncSession, of: int | None) -> int | None:
        return await session.scalar(self._total, {"of": of, "viewer": self.viewer_id})
