"""Lists of posts, in numbered pages and by cursors."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from typing import Any

from sqlalchemy import (
    BigInteger,
    Row,
    ScalarSelect,
    cast,
    false,
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
from blog.models import Post, User
from blog.posts.listed import (
    CARD_COLUMNS,
    SUMMARY_COLUMNS,
    ListedPost,
    PostCard,
    UnreadPost,
    card_of,
    listed,
    listed_or_unread,
    text_columns,
)

# The columns of the tables themselves, so that the ORM has nothing to do with the lists.
_POST, _USER = Post.__table__.c, User.__table__.c
# The order of all lists of posts.
NEWEST_FIRST = Order(_POST.published_at, _POST.id)


def _place(post: PostCard | ListedPost | UnreadPost) -> Sequence[Any]:
    return post.published_at, post.id


def page_of_read(page: Page[Any], cursor_of: Callable[[Any], str]) -> Page[Any]:
    """The posts of a page whose texts were read; the next page begins behind them."""
    read = tuple(post for post in page.rows if isinstance(post, ListedPost))
    if len(read) == len(page.rows):
        return page
    return replace(page, rows=read, next_cursor=cursor_of(read[-1]))


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
        by_number, by_cursor, first_by_cursor, deepest: as for `Listing`.
        filtered: the list without the people whom `VIEWER` has hidden (`blog.models.block`); by
            default it is the same.

    Attributes:
        viewer_id: the viewer who has; 0 for all others.
    """

    viewer_id = 0

    def __init__(
        self, ids: Rows, total: ScalarSelect[Any], *, order: Order = NEWEST_FIRST,
        above: Rows | None = None, by_number: Rows | None = None, by_cursor: Rows | None = None,
        first_by_cursor: bool = False, deepest: int = DEEPEST_PAGE,
        filtered: "PostList | None" = None,
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
                complete=complete, by_number=by_number, by_cursor=by_cursor,
                first_by_cursor=first_by_cursor, deepest=deepest,
            )  # fmt: skip

        cards = by_number if above is None else _with_above(ids, above)
        self._cards = listing(*CARD_COLUMNS, by_number=cards)
        self._texts = listing(*text_columns(NEWEST_FIRST))
        self._summaries = listing(*SUMMARY_COLUMNS)

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
