"""Parts of a list, without counting it: numbered pages, and walks that hold their place."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import BigInteger, Integer, Select, bindparam

Row = TypeVar("Row")
Statement = TypeVar("Statement", bound=Select[*tuple[Any, ...]])

# Where a page begins in its list, and how many rows are read: for statements that are made
# once, and executed with the `parameters` of what is wanted. To make a statement takes longer
# than to execute it.
OFFSET = bindparam("offset", type_=BigInteger)
# This number is written into the SQL. Were it a parameter there, PostgreSQL would soon use a plan
# for a tenth of all rows, which reads whole tables (PREPARE, "Notes").
LIMIT = bindparam("limit", type_=Integer, literal_execute=True)

# The last page that has a number, in a list whose pages are found by passing over the rows before
# them. From there a cursor leads on, at the cost of the first page.
DEEPEST_PAGE = 500
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
    def is_too_deep(self) -> bool:
        """Whether it is behind `DEEPEST_PAGE`."""
        return self.number > DEEPEST_PAGE

    def past_the_end(self, total: int) -> "Page[Any]":
        """The answer to a page that is too deep, of a list of `total` rows.

        Raises:
            TooDeepError: the list is as long as that.
        """
        if self.offset < total:
            raise TooDeepError(DEEPEST_PAGE)
        return Page.of([], self, total)

    @property
    def parameters(self) -> dict[str, int]:
        """The values of `OFFSET` and `LIMIT`."""
        return {"offset": self.offset, "limit": self.limit}


def only_page(statement: Statement) -> Statement:
    """The rows of a page, and one more, of all that `statement` selects."""
    return statement.offset(OFFSET).limit(LIMIT)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page, and which pages are beside it.

    `last_number` is the number of the list's last page, and `total` how many rows it has, or
    `None` where nobody keeps count. Where the pages end that have numbers, a walk goes on from
    `next_cursor`.
    """

    rows: tuple[Row, ...]
    number: int
    has_next: bool
    last_number: int | None = None
    total: int | None = None
    next_cursor: str | None = None

    @classmethod
    def of(
        cls,
        fetched: Sequence[Row],
        wanted: PageRequest,
        total: int | None = None,
        *,
        cursor_of: Callable[[Row], str] | None = None,
        deepest: int = DEEPEST_PAGE,
    ) -> "Page[Row]":
        """Make a page of up to `wanted.limit` rows that were fetched for it.

        Args:
            fetched: the rows from `wanted.offset` on.
            wanted: which page it is.
            total: how many rows the whole list has, from a count that is kept.
            cursor_of: makes the cursor behind a row, for a list that has no numbers further on.
            deepest: the last page with a number, of such a list.
        """
        last_number = None if total is None else PageRequest.holding(total, wanted.size).number
        has_next, next_cursor = len(fetched) > wanted.size, None
        rows = tuple(fetched[: wanted.size])
        if cursor_of is not None:
            last_number = last_number and min(last_number, deepest)
            if has_next and wanted.number >= deepest:
                has_next, next_cursor = False, cursor_of(rows[-1])
        return cls(rows, wanted.number, has_next, last_number, total, next_cursor)

    @property
    def is_past_the_end(self) -> bool:
        return self.number > 1 and not self.rows

    @property
    def previous_number(self) -> int | None:
        """The page before this one; from past the end the way back leads to the last page."""
        if self.number == 1:
            return None
        return min(self.number - 1, self.last_number or self.number)

    @property
    def next_number(self) -> int | None:
        return self.number + 1 if self.has_next else None

    def numbers(self) -> tuple[int | None, ...]:
        """What a pager shows, `None` for a gap: 1 … 398 399 400 401 402 … 50000.

        Nothing where the list has only one page or nobody keeps count. A gap of a single page
        is that page.
        """
        last = self.last_number or 1
        if last == 1:
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


@dataclass(frozen=True)
class Walk:
    """The next `size` rows of a list, behind the one that `cursor` names, or its first ones.

    `cursor` is one of `blog.core.db.cursors`, or empty.
    """

    size: int
    cursor: str = ""

    @property
    def limit(self) -> int:
        """One row more than is shown: whether it is there tells whether the walk goes on."""
        return self.size + 1


@dataclass(frozen=True)
class Stretch(Generic[Row]):
    """Some rows of a list; a walk goes on from `next_cursor`, or ends where that is `None`."""

    rows: tuple[Row, ...]
    next_cursor: str | None
    total: int | None = None

    # What a pager asks of a page: a stretch has no number, and knows no way back.
    number = 0
    is_past_the_end = False
    previous_number = next_number = None

    @classmethod
    def of(
        cls,
        fetched: Sequence[Row],
        wanted: Walk,
        total: int | None,
        cursor_of: Callable[[Row], str],
    ) -> "Stretch[Row]":
        """Make a stretch of up to `wanted.limit` rows that were fetched for it.

        Args:
            fetched: the rows behind `wanted.cursor`.
            wanted: which stretch it is.
            total: how many rows the whole list has, or `None` where nobody keeps count.
            cursor_of: makes the cursor behind a row.
        """
        rows = tuple(fetched[: wanted.size])
        return cls(rows, cursor_of(rows[-1]) if len(fetched) > wanted.size else None, total)
