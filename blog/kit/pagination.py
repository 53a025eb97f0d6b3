"""Numbered pages of a list, without counting it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Row = TypeVar("Row")


@dataclass(frozen=True)
class PageRequest:
    """Which page is wanted: `number` from 1, of `size` rows."""

    number: int
    size: int

    @property
    def offset(self) -> int:
        return (self.number - 1) * self.size

    @property
    def limit(self) -> int:
        """One row more than is shown: whether it is there tells whether a next page is."""
        return self.size + 1


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The rows of one page, and which pages are beside it."""

    rows: Sequence[Row]
    number: int
    has_next: bool

    @classmethod
    def of(cls, fetched: Sequence[Row], wanted: PageRequest) -> "Page[Row]":
        """Make a page of up to `wanted.limit` rows that were fetched for it."""
        return cls(fetched[: wanted.size], wanted.number, len(fetched) > wanted.size)

    @property
    def previous_number(self) -> int | None:
        return self.number - 1 if self.number > 1 else None

    @property
    def next_number(self) -> int | None:
        return self.number + 1 if self.has_next else None
