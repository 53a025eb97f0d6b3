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
    card_of_row,
    listed_or_unread_of_row,
    listed_post_of_row,
    text_columns,
)

# Table columns rather than mapped attributes, so that lists bypass the ORM.
_POST, _USER = Post.__table__.c, User.__table__.c
# The order of all lists of posts.
NEWEST_FIRST = Order(_POST.published_at, _POST.id)


def _cursor_values(post: PostCard | ListedPost | UnreadPost) -> Sequence[Any]:
    return post.published_at, post.id


def cut_unread(page: Page[Any], cursor_of: Callable[[Any], str]) -> Page[Any]:
    """Cut off the posts of a page whose texts were not read; the next page starts with them."""
    read = tuple(post for post in page.rows if isinstance(post, ListedPost))
    if len(read) == len(page.rows):
        return page
    return replace(page, rows=read, next_cursor=cursor_of(read[-1]))


def _with_above(ids: Rows, above: Rows) -> Rows:
    """The ids of a numbered page; on the first page, the ids in `above` as well."""
    page = ids.order_by(*NEWEST_FIRST.by).limit(LIMIT).offset(OFFSET).subquery()
    first = above.where(OFFSET == 0).subquery()
    both = union_all(
        select(page.c.id, false().label("is_above")), select(first.c.id, true().label("is_above"))
    ).subquery()
    return select(both)


class PostList:
    """A list of posts, newest first, for pages, the API and feeds.

    Args:
        ids: selects the ids of the posts, without order and limit.
        total: the number of posts in the list; NULL if unknown.
        order: the columns of `ids` that correspond to `NEWEST_FIRST`, if they are others.
        above: selects the posts whose cards come before all others on the first page.
        by_number, by_cursor, first_by_cursor, deepest: as for `Listing`.
        filtered: the list without the people that `VIEWER` has hidden (`blog.models.block`); the
            same list by default.

    Attributes:
        viewer_id: the viewer whose hidden people are left out; 0 if nobody is.
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
                order, ids, _cursor_values,
                complete=complete, by_number=by_number, by_cursor=by_cursor,
                first_by_cursor=first_by_cursor, deepest=deepest,
            )  # fmt: skip

        cards = by_number if above is None else _with_above(ids, above)
        self._cards = listing(*CARD_COLUMNS, by_number=cards)
        self._texts = listing(*text_columns(NEWEST_FIRST))
        self._summaries = listing(*SUMMARY_COLUMNS)

    def seen_by(self, viewer: Viewer) -> "PostList":
        """The list as a viewer sees it: without the people they have hidden.

        Viewers who have hidden nobody share one list, so their reads are coalesced. For other
        viewers pages have as many posts as usual, but the number of the last page is unknown, and
        the total is that of the whole list.
        """
        if self._filtered is None or not viewer.filtered_for:
            return self
        list_for_viewer = copy(self._filtered)
        list_for_viewer.viewer_id = viewer.filtered_for
        return list_for_viewer

    async def cards(
        self, session: AsyncSession, wanted: PageRequest | CursorRequest, of: int | None = None
    ) -> Page[PostCard]:
        """A page of cards.

        Args:
            session: the session to read with.
            wanted: the requested page.
            of: the id of the person or tag that the list belongs to, if any.

        Raises:
            InvalidCursorError: the cursor doesn't belong to this list.
            TooDeepError: the page is too deep to have a number.
        """
        return await self._page(session, self._cards, card_of_row, wanted, of)

    async def texts(
        self, session: AsyncSession, wanted: PageRequest | CursorRequest, of: int | None = None
    ) -> Page[ListedPost | UnreadPost]:
        """Like `cards`, with texts, except for the last posts if the others are long.

        A page by cursor ends before the unread posts, and the next page starts with them.
        """
        page = await self._page(session, self._texts, listed_or_unread_of_row, wanted, of)
        return page if isinstance(wanted, PageRequest) else cut_unread(page, self._texts.cursor)

    async def summaries(
        self, session: AsyncSession, wanted: PageRequest | CursorRequest, of: int | None = None
    ) -> Page[ListedPost]:
        """Like `texts`, but without reading the texts, which are empty."""
        return await self._page(session, self._summaries, listed_post_of_row, wanted, of)

    async def _page(
        self, session: AsyncSession, listing: Listing[Any], convert_row: Callable[[Row[Any]], Any],
        wanted: PageRequest | CursorRequest, of: int | None,
    ) -> Page[Any]:  # fmt: skip
        if deep := listing.too_deep(wanted):
            return listing.page_past_the_end(deep, await self._load_total(session, of))
        statement, parameters = listing.query(wanted, of=of, viewer=self.viewer_id)
        rows = (await session.execute(statement, parameters)).all()
        # An empty page has no row that contains the number.
        total = rows[0][-1] if rows else await self._load_total(session, of)
        above = [convert_row(row) for row in rows if row[-2]]
        page = listing.page([convert_row(row) for row in rows if not row[-2]], wanted, total)
        if self.viewer_id:
            page = replace(page, last_number=None)
        if not above:
            return page
        ids = {post.id for post in above}
        return replace(page, rows=(*above, *(post for post in page.rows if post.id not in ids)))

    async def _load_total(self, session: AsyncSession, of: int | None) -> int | None:
        return await session.scalar(self._total, {"of": of, "viewer": self.viewer_id})
