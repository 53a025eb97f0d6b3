"""Pages of a list, found by a number or by a cursor (`blog.core.db.cursors`).

By number people and clients get to any page near the beginning; but rows move from page to page
while others write, and what comes before a page is passed over to find it. A cursor holds its
place, at the cost of the first page.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Integer, Select, bindparam
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.cursors import Order

Row = TypeVar("Row")
Rows = Select[*tuple[Any, ...]]

# Where a page begins in its list, and how many rows are read: for statements that are made
# once, and executed with the `parameters` of what is wanted. To make a statement takes longer
# than to execute it.
OFFSET = bindparam("offset", type_=BigInteger)
# This number is written into the SQL. Were it a parameter there, PostgreSQL would soon use a plan
# for a tenth of all rows, which reads whole tables (PREPARE, "Notes").
LIMIT = bindparam("limit", type_=Integer, literal_execute=True)

# The last page that has a number, in a list whose pages are found by passing over the rows before
# them. From there a cursor leads on.
DEEPEST_PAGE = 500
# Of a list in which each page is found at the same cost.
ANY_PAGE = sys.maxsize
# How many numbers a pager shows on each side of the current one.
NEIGHBOURS = 2


class TooDeepError(LookupError):
    """The list goes on, but the page is too far from its beginning to be found by a number."""

    def __init__(self, deepest: int) -> None:
        super().__init__(
            f"Pages of this list have numbers up to {deepest}. The link on page {deepest} "
            "leads to what comes after it."
        )


@dataclass(frozen=True)
class PageRequest:
    """Which page is wanted: `number` from 1, of `size` rows."""

    number: int
    size: int

    @classmethod
    def holding(cls, position: int, size: int) -> "PageRequest":
        """The page that the row at `position`, counted from 1, is on; before it, the first."""
        return cls(max(1, -(-position // size)), size)

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def limit(self) -> int:
        """One row more than is shown: whether it is there tells whether a next page is."""
        return self.size + 1

    @property
    def parameters(self) -> dict[str, int]:
        """The values of `OFFSET` and `LIMIT`."""
        return {"offset": self.offset, "limit": self.limit}


@dataclass(frozen=True)
class CursorRequest:
    """The page wanted is the one of `size` rows after `cursor`; without one, the first."""

    size: int
    cursor: str = ""

    @property
    def limit(self) -> int:
        """As that of `PageRequest`."""
        return self.size + 1


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page, and the ways to those beside it.

    Attributes:
        number: from 1; `None` of a page that was found by a cursor, which knows no way back.
        next_cursor: leads to the next page where that has no number.
        total: how many rows the list has, or `None` where nobody keeps count.
        last_number: that of the last page with a number, where that is known.
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
        """Make a page of up to `wanted.limit` rows that were fetched for it.

        Args:
            fetched: the rows from the beginning of the page on.
            wanted: which page it is.
            total: how many rows the whole list has, from a count that is kept.
            cursor_of: makes the cursor of a row.
            deepest: the last page with a number.
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
        """The page before this one; from past the end the way back leads to the last page."""
        if self.number is None or self.number == 1:
            return None
        return min(self.number - 1, self.last_number or self.number)

    @property
    def next_number(self) -> int | None:
        return self.number + 1 if self.number and self.has_next else None

    def numbers(self) -> tuple[int | None, ...]:
        """What a pager shows, `None` for a gap: 1 … 398 399 400 401 402 … 50000.

        Nothing where the list has only one page or nobody keeps count. A gap of a single page
        is that page.
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
    """A list, as the two statements that find its pages; they are made once.

    Args:
        order: the order of the list.
        rows: selects the whole list, or what leads to its rows; with the columns of the order.
        complete: makes a statement of the part of `rows` that a page has, in the same order.
        place: what a row of the list has in the columns of the order.
        by_number, by_cursor: the part of `rows` that a page has, in order, where that is found in
            another way than by passing over the rows before it.
        deepest: the last page with a number.
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
        deepest: int = DEEPEST_PAGE,
    ) -> None:
        self._order, self._place, self._deepest = order, place, deepest
        first = rows.order_by(*order.by).limit(LIMIT)
        self._by_number = complete(first.offset(OFFSET) if by_number is None else by_number)
        self._by_cursor = complete(first.where(order.is_after) if by_cursor is None else by_cursor)

    def too_deep(self, wanted: PageRequest | CursorRequest) -> PageRequest | None:
        """The page that is wanted, where it is behind those that have numbers."""
        if isinstance(wanted, PageRequest) and wanted.number > self._deepest:
            return wanted
        return None

    def query(self, wanted: PageRequest | CursorRequest, **values: Any) -> tuple[Any, Any]:
        """The statement that finds a page, and its parameters.

        Raises:
            InvalidCursorError: the cursor is none of this list.
        """
        if isinstance(wanted, PageRequest):
            return self._by_number, wanted.parameters | values
        place = self._order.parameters(wanted.cursor)
        return self._by_cursor, {"limit": wanted.limit, **place, **values}

    def page(
        self,
        fetched: Sequence[Row],
        wanted: PageRequest | CursorRequest,
        total: int | None = None,
    ) -> Page[Row]:
        """The page of which `query` has found the rows."""
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
        """The cursor that leads on after a row."""
        return self._order.cursor(*self._place(row))

    async def read(
        self,
        session: AsyncSession,
        wanted: PageRequest | CursorRequest,
        total: int | None = None,
        **values: Any,
    ) -> Page[Row]:
        """A page of a list whose statements find objects of the ORM.

        Args:
            session: where to look.
            wanted: which page.
            total: how many rows the list has, if that is known.
            values: the statement's other parameters.

        Raises:
            InvalidCursorError: the cursor is none of this list.
            TooDeepError: the page has no number.
        """
        if deep := self.too_deep(wanted):
            return self.page_past_the_end(deep, total)
        rows = await session.scalars(*self.query(wanted, **values))
        return self.page(rows.all(), wanted, total)
