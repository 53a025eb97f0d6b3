"""What lists of posts are made of: cards for pages, which are short, and texts for the API."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Row,
    ScalarSelect,
    Select,
    Text,
    case,
    cast,
    func,
    literal_column,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import id_cursor
from blog.core.db.pagination import Page, PageRequest, Stretch, Walk
from blog.core.text.excerpts import NEEDED, shown_in_lists
from blog.models import Post, User

# The columns of the tables themselves, so that the ORM has nothing to do with the lists.
_POST, _USER = Post.__table__.c, User.__table__.c
# How many bytes of text a list reads at once: a post that begins beyond that is named only.
TEXT_BYTES = 512 * 1024


class Author(NamedTuple):
    """What a list shows of the person who wrote a post."""

    id: int
    username: str
    avatar_hash: str


class PostCard(NamedTuple):
    """What a page's list shows of a post: what was read, and nothing that changes any more.

    Attributes:
        beginning: HTML; of a long post an excerpt.
        is_cut: whether it is that.
    """

    id: int
    beginning: str
    is_cut: bool
    created_at: datetime
    edited_at: datetime | None
    comment_count: int
    author: Author


class ListedPost(NamedTuple):
    """A post with its text and its author, as the API shows it."""

    id: int
    body: str
    body_html: str
    created_at: datetime
    edited_at: datetime | None
    version: int
    comment_count: int
    hidden_at: datetime | None
    author: Author


class UnreadPost(NamedTuple):
    """A post whose text was not read, because those before it are long enough.

    Attributes:
        revision: is another one after each change of the post.
    """

    id: int
    revision: str


COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _POST.body, _POST.body_html, _POST.created_at, _POST.edited_at, _POST.version,
    _POST.comment_count, _POST.hidden_at, _USER.id, _USER.username, _USER.avatar_hash,
)  # fmt: skip
# Of a text that is not read as a whole, the database opens up no more than is wanted.
_BEGINNING = case(
    (_POST.excerpt.is_(None), func.left(_POST.body_html, literal_column(str(NEEDED))))
)
_CARD_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _POST.excerpt, _BEGINNING, func.octet_length(_POST.body_html), _POST.created_at,
    _POST.edited_at, _POST.comment_count, _USER.id, _USER.username, _USER.avatar_hash,
)  # fmt: skip
_BYTES = func.octet_length(_POST.body) + func.octet_length(_POST.body_html)
_BYTES_BEFORE = func.sum(_BYTES).over(order_by=_POST.id.desc()) - _BYTES
_REVISION = cast(literal_column("posts.xmin"), Text)


def _if_within(column: ColumnElement[str]) -> ColumnElement[str]:
    return case((literal_column(str(TEXT_BYTES)) > _BYTES_BEFORE, column))


_TEXT_COLUMNS: tuple[ColumnElement[Any], ...] = (
    _POST.id, _if_within(_POST.body), _if_within(_POST.body_html), *COLUMNS[3:], _REVISION,
)  # fmt: skip


def _cursor(post: PostCard | ListedPost | UnreadPost) -> str:
    return id_cursor(post.id)


def listed(row: Sequence[Any]) -> ListedPost:
    """A post of which `COLUMNS` were read."""
    return ListedPost._make((*row[:8], Author._make(row[8:11])))


def _listed_or_unread(row: Sequence[Any]) -> ListedPost | UnreadPost:
    return UnreadPost(row[0], row[11]) if row[1] is None else listed(row)


def _card(row: Sequence[Any]) -> PostCard:
    shown = shown_in_lists(*row[1:4])
    return PostCard._make((row[0], *shown, *row[4:7], Author._make(row[7:10])))


@dataclass(frozen=True)
class PostList:
    """A list of posts, as statements that are made once.

    Attributes:
        cards: reads some posts as cards, and with each how many the whole list has.
        texts: reads some posts with their texts, and with each the same.
        length: reads that number alone.
        is_passed_over: whether the posts before a page are read to find it.
    """

    cards: Select[*tuple[Any, ...]]
    texts: Select[*tuple[Any, ...]]
    length: Select[int]
    is_passed_over: bool

    @classmethod
    def of(
        cls, ids: Select[int], total: ScalarSelect[Any], *, is_passed_over: bool = True
    ) -> "PostList":
        """The list of which `ids` is a part, and which is `total` posts long."""
        length = cast(func.coalesce(total, 0), BigInteger)
        shown = ids.subquery("shown")

        def rows(*columns: Any) -> Select[*tuple[Any, ...]]:
            return (
                select(*columns, length)
                .join_from(shown, Post.__table__, _POST.id == shown.c.id)
                .join(User.__table__, _USER.id == _POST.author_id)
                .order_by(_POST.id.desc())
            )

        return cls(rows(*_CARD_COLUMNS), rows(*_TEXT_COLUMNS), select(length), is_passed_over)

    async def read_texts(
        self, session: AsyncSession, parameters: Mapping[str, int]
    ) -> tuple[list[ListedPost | UnreadPost], int]:
        """Some posts, and how many the whole list has, in one statement.

        Posts that are too much to be read at once come last, and without their texts.
        """
        rows, length = await self._read(session, self.texts, parameters)
        return [_listed_or_unread(row) for row in rows], length

    async def page_of_texts(
        self, session: AsyncSession, wanted: PageRequest, **parameters: int
    ) -> Page[ListedPost | UnreadPost]:
        """A page with the texts, of a list of which a page was selected."""
        if self._is_too_deep(wanted):
            return wanted.past_the_end(await self._length(session, parameters))
        posts, length = await self.read_texts(session, wanted.parameters | parameters)
        return Page.of(posts, wanted, length, cursor_of=self._cursor_of)

    async def page(
        self, session: AsyncSession, wanted: PageRequest, **parameters: int
    ) -> Page[PostCard]:
        """A page of cards, of a list of which a page was selected."""
        if self._is_too_deep(wanted):
            return wanted.past_the_end(await self._length(session, parameters))
        rows, length = await self._read(session, self.cards, wanted.parameters | parameters)
        cards = [_card(row) for row in rows]
        return Page.of(cards, wanted, length, cursor_of=self._cursor_of)

    async def cards_behind(
        self, session: AsyncSession, walk: Walk, parameters: Mapping[str, int]
    ) -> Stretch[PostCard]:
        """Some cards, of a list of which those behind a place were selected."""
        rows, length = await self._read(session, self.cards, parameters)
        return Stretch.of([_card(row) for row in rows], walk, length, _cursor)

    @property
    def _cursor_of(self) -> Callable[[PostCard | ListedPost | UnreadPost], str] | None:
        return _cursor if self.is_passed_over else None

    def _is_too_deep(self, wanted: PageRequest) -> bool:
        return self.is_passed_over and wanted.is_too_deep

    async def _length(self, session: AsyncSession, parameters: Mapping[str, int]) -> int:
        return await session.scalar(self.length, parameters) or 0

    async def _read(
        self, session: AsyncSession, statement: Select[Any], parameters: Mapping[str, int]
    ) -> tuple[Sequence[Row[Any]], int]:
        """The rows of a statement, and how many the whole list has.

        Where there is no post there is no row to bring the number along; it is asked for then.
        """
        rows = (await session.execute(statement, parameters)).all()
        return rows, rows[0][-1] if rows else await self._length(session, parameters)
