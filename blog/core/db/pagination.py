"""Pagination by number or by cursor (`blog.core.db.cursors`).

Numbers give random access to pages near the start of a list; but rows move between pages while
others write, and the preceding rows have to be skipped. A cursor keeps its position, at the cost of
the first page.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Integer, Select, bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import Order

Row = TypeVar("Row")
Rows = Select[*tuple[Any, ...]]

# Parameters of statements that are built once, and executed with the `parameters` of a request.
# Building a statement takes longer than executing it.
OFFSET = bindparam("offset", type_=BigInteger)
# Rendered as a literal. With a parameter, PostgreSQL would soon use a generic plan for a tenth of
# all rows, which reads whole tables (PREPARE, "Notes").
LIMIT = bindparam("limit", type_=Integer, literal_execute=True)

# The last numbered page of lists that use an offset. From there cursors continue.
DEEPEST_PAGE = 500
# For lists in which each page has the same cost.
ANY_PAGE = sys.maxsize
# How many page numbers a pager shows on each side of the current one.
NEIGHBOURS = 2


class TooDeepError(LookupError):
    """The page exists, but is too deep to be accessed by number."""

    def __init__(self, deepest: int) -> None:
        super().__init__(
            f"Page numbers in this list go up to {deepest}. To go further, use the link "
            f"on page {deepest}."
        )


@dataclass(frozen=True)
class PageRequest:
    """A request for page `number`, from 1, of `size` rows."""

    number: int
    size: int

    @classmethod
    def holding(cls, position: int, size: int) -> "PageRequest":
        """The page with the row at `position`, counted from 1; at least the first."""
        return cls(max(1, -(-position // size)), size)

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def limit(self) -> int:
        """One row more than is shown, to know whether there is a next page."""
        return self.size + 1

    @property
    def parameters(self) -> dict[str, int]:
        """The values of `OFFSET` and `LIMIT`."""
        return {"offset": self.offset, "limit": self.limit}


@dataclass(frozen=True)
class CursorRequest:
    """A request for the `size` rows after `cursor`; without one, for the first page."""

    size: int
    cursor: str = ""

    @property
    def limit(self) -> int:
        """Like `PageRequest.limit`."""
        return self.size + 1


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of a page, and its neighbours.

    Attributes:
        number: from 1; `None` for a page by cursor, which has no previous page.
        next_cursor: the cursor of the next page if that has no number.
        total: the number of rows of the list; `None` if unknown.
        last_number: the number of the last numbered page, if known.
    """

    rows: tuple[Row, ...]
    number: int | None
    has_next: bool
    last_number: int | None = None
    total: int | None = None
    next_cursor: str | None = None

    @classmethod
    def of(
        cls,
        fetched: Sequence[Row],
        wanted: PageRequest | CursorRequest,
        total: int | None = None,
        *,
        cursor_of: Callable[[Row], str],
        deepest: int = DEEPEST_PAGE,
    ) -> "Page[Row]":
        """Create a page from up to `wanted.limit` fetched rows.

        Args:
            fetched: the rows from the start of the page.
            wanted: the requested page.
            total: the number of rows of the list, from a stored count.
            cursor_of: creates the cursor of a row.
            deepest: the last numbered page.
        """
        rows, has_next = tuple(fetched[: wanted.size]), len(fetched) > wanted.size
        if isinstance(wanted, CursorRequest):
            number = last_number = None
        else:
            number = wanted.number
            last = None if total is None else PageRequest.holding(total, wanted.size).number
            last_number = last and min(last, deepest)
        if has_next and (number is None or number >= deepest):
            return cls(rows, number, False, last_number, total, cursor_of(rows[-1]))
        return cls(rows, number, has_next, last_number, total)

    @property
    def is_past_the_end(self) -> bool:
        return self.number is not None and self.number > 1 and not self.rows

    @property
    def previous_number(self) -> int | None:
        """The previous page; past the end of the list, the last page."""
        if self.number is None or self.number == 1:
            return None
        return min(self.number - 1, self.last_number or self.number)

    @property
    def next_number(self) -> int | None:
        return self.number + 1 if self.number and self.has_next else None

    def numbers(self) -> tuple[int | None, ...]:
        """The page numbers of a pager, with `None` for gaps: 1 … 398 399 400 401 402 … 50000.

        Empty if the list has only one page, or its length is unknown. A gap of a single page is
        filled with that page.
        """
        last = self.last_number or 1
        if last == 1 or self.number is None:
            return ()
        around = range(self.number - NEIGHBOURS, self.number + NEIGHBOURS + 1)
        shown = sorted({1, last} | {number for number in around if 1 <= number <= last})
        numbers: list[int | None] = []
        before = 0
        for number in shown:
            if number - before == 2:
                numbers.append(number - 1)
            elif number - before > 2:
                numbers.append(None)
            numbers.append(number)
            before = number
        return tuple(numbers)


class Listing(Generic[Row]):
    """A list, with the two statements that find its pages, which are built once.

    Args:
        order: the order of the list.
        rows: a select of the whole list, or of keys of its rows, with the columns of the order.
        complete: builds the full statement from the part of `rows` on a page, in the same order.
        place: the values of a row in the columns of the order.
        by_number, by_cursor: the part of `rows` on a page, in order, if there is a better way to
            find it than an offset.
        first_by_cursor: whether page 1 is the first one by cursor, because `by_number` looks for
            the place where a page starts.
        deepest: the last numbered page.
        shown: the condition for rows that a viewer sees who has hidden people, with their id as
            the parameter `viewer`.
    """

    def __init__(
        self,
        order: Order,
        rows: Rows,
        place: Callable[[Row], Sequence[Any]],
        *,
        complete: Callable[[Rows], Any] = lambda rows: rows,
        by_number: Rows | None = None,
        by_cursor: Rows | None = None,
        first_by_cursor: bool = False,
        deepest: int = DEEPEST_PAGE,
        shown: ColumnElement[bool] | None = None,
    ) -> None:
        self._order, self._place, self._deepest = order, place, deepest
        self._first_by_cursor = first_by_cursor
        self._filtered: Listing[Row] | None = None
        if shown is not None:
            self._filtered = Listing(order, rows.where(shown), place, complete=complete)
        first = rows.order_by(*order.by).limit(LIMIT)
        self._by_number = complete(first.offset(OFFSET) if by_number is None else by_number)
        self._by_cursor = complete(first.where(order.is_after) if by_cursor is None else by_cursor)

    def too_deep(self, wanted: PageRequest | CursorRequest) -> PageRequest | None:
        """The requested page, beyond the numbered ones."""
        if isinstance(wanted, PageRequest) and wanted.number > self._deepest:
            return wanted
        return None

    def query(self, wanted: PageRequest | CursorRequest, **values: Any) -> tuple[Any, Any]:
        """The statement for a page, and its parameters.

        Raises:
            InvalidCursorError: the cursor is not of this list.
        """
        if isinstance(wanted, CursorRequest):
            place = self._order.parameters(wanted.cursor)
        elif wanted.number == 1 and self._first_by_cursor:
            place = self._order.parameters("")
        else:
            return self._by_number, wanted.parameters | values
        return self._by_cursor, {"limit": wanted.limit, **place, **values}

    def page(
        self,
        fetched: Sequence[Row],
        wanted: PageRequest | CursorRequest,
        total: int | None = None,
    ) -> Page[Row]:
        """The page with the rows that `query` returns."""
        return Page.of(fetched, wanted, total, cursor_of=self.cursor, deepest=self._deepest)

    def page_past_the_end(self, wanted: PageRequest, total: int | None) -> Page[Row]:
        """The answer to a page that is too deep, of a list of `total` rows.

        Raises:
            TooDeepError: the list may be as long as that.
        """
        if total is None or wanted.offset < total:
            raise TooDeepError(self._deepest)
        return self.page([], wanted, total)

    def cursor(self, row: Row) -> str:
        """The cursor after a row."""
        return self._order.cursor(*self._place(row))

    async def read(
        self,
        session: AsyncSession,
        wanted: PageRequest | CursorRequest,
        total: int | None = None,
        *,
        filtered_for: int = 0,
        **values: Any,
    ) -> Page[Row]:
        """A page of a list of ORM objects.

        Args:
            session: executes the statement.
            wanted: the requested page.
            total: the number of rows of the list, if known.
            filtered_for: the viewer whose hidden people are left out; then the number of the last
                page is unknown, and `total` is that of the whole list.
            values: further parameters of the statement.

        Raises:
            InvalidCursorError: the cursor is not of this list.
            TooDeepError: the page is too deep for a number.
        """
        if filtered_for and self._filtered:
            page = await self._filtered.read(session, wanted, total, viewer=filtered_for, **values)
            return replace(page, last_number=None)
        if deep := self.too_deep(wanted):
            return self.page_past_the_end(deep, total)
        rows = await session.scalars(*self.query(wanted, **values))
        return self.page(rows.all(), wanted, total)
