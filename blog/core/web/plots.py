"""Plots of numbers by day, drawn as SVG by the macro `plot` of templates/plots.html.

The first row of numbers is drawn as bars, a second one as a line. The drawing is stretched to the
width of its place, so it has no text: what it is about stands around it, and in a table below.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property, lru_cache
from typing import NamedTuple

from blog.core.i18n import (
    current_language,
    format_day,
    format_decimal,
    format_number,
    lazy_gettext,
    ngettext,
)
from blog.core.i18n import gettext as _

# The size of the drawing in its own units.
WIDTH, HEIGHT = 1000.0, 100.0
# The share of its place that a bar takes.
BAR = 0.72
# Where the scale may end, times a power of ten.
STEPS = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
HOUR = 3600.0
# Where that of a duration may end, in hours; beyond, in days.
HOURS = (0.25, 0.5, 1, 2, 4, 8, 12, 24)
# Each is 1,024 of the one before.
SIZES = (
    lazy_gettext("%(number)s B"), lazy_gettext("%(number)s KiB"), lazy_gettext("%(number)s MiB"),
    lazy_gettext("%(number)s GiB"),
)  # fmt: skip

Value = float | None


class Row(NamedTuple):
    """The numbers of a day or a week.

    Attributes:
        day: the day, or the first one of the week.
        values: one of each series; `None` if it is not known.
        is_partial: whether it is not over.
    """

    day: date
    values: Sequence[Value]
    is_partial: bool = False

    @property
    def label(self) -> str:
        """What it is called, as "5 March"."""
        return _name_of(self.day, current_language())


@lru_cache(maxsize=1_000)
def _name_of(day: date, _language: str) -> str:
    """A day, which all plots of a page have several times."""
    return format_day(day)


class Bar(NamedTuple):
    """A bar, in the units of the drawing, and what it says."""

    x: float
    y: float
    width: float
    height: float
    says: str
    is_partial: bool


def whole(value: float) -> str:
    """A number without decimals."""
    return format_number(round(value))


def hours(seconds: float) -> str:
    """A duration in minutes, hours or days."""
    if seconds < 90 * 60:
        return _("%(number)s min", number=whole(seconds / 60))
    if seconds < 48 * 3600:
        return _("%(number)s h", number=format_decimal(seconds / 3600))
    return _("%(number)s d", number=format_decimal(seconds / 86400))


def size(number: float) -> str:
    """A number of bytes."""
    for size_in_units in SIZES:
        if number < 1024:
            shown = format_decimal(number) if number < 1000 else whole(number)
            return str(size_in_units.with_values(number=shown))
        number /= 1024
    return _("%(number)s TiB", number=format_decimal(number))


def _round_above(number: float) -> float:
    """A round number that is not smaller."""
    if number <= 1:
        return 1.0
    unit = 10.0 ** math.floor(math.log10(number))
    return next(step * unit for step in STEPS if step * unit >= number)


def _days(number: int, first: str, last: str) -> str:
    return ngettext(
        "%(num)s day, from %(first)s to %(last)s.", "%(num)s days, from %(first)s to %(last)s.",
        number, first=first, last=last,
    )  # fmt: skip


def _weeks(number: int, first: str, last: str) -> str:
    return ngettext(
        "%(num)s week, from %(first)s to %(last)s.", "%(num)s weeks, from %(first)s to %(last)s.",
        number, first=first, last=last,
    )  # fmt: skip


@dataclass(frozen=True)
class Plot:
    """A plot and its table.

    Attributes:
        name: a word for its address and ids.
        title: what it shows.
        series: the names of its rows of numbers: one or two.
        rows: the oldest first.
        written: how a number is written.
        per: what a row is: "day" or "week".
    """

    name: str
    title: str
    series: Sequence[str]
    rows: Sequence[Row]
    written: Callable[[float], str] = whole
    per: str = "day"

    @cached_property
    def top(self) -> float:
        """Where the scale ends: a round number above the largest."""
        largest = max((value for row in self.rows for value in row.values if value), default=0.0)
        if self.written is size:
            return 2.0 ** math.ceil(math.log2(max(largest, 1)))
        if self.written is not hours:
            return _round_above(largest)
        for step in HOURS:
            if step * HOUR >= largest:
                return step * HOUR
        return _round_above(largest / HOUR / 24) * HOUR * 24

    @cached_property
    def table(self) -> list[tuple[Row, list[str]]]:
        """The rows, each with its numbers as they are written; one that is not known is empty."""
        return [
            (row, ["" if value is None else self.written(value) for value in row.values])
            for row in self.rows
        ]

    @cached_property
    def bars(self) -> list[Bar]:
        """The first row of numbers."""
        place = WIDTH / max(len(self.rows), 1)
        return [
            Bar(
                round((number + (1 - BAR) / 2) * place, 2), round(HEIGHT - self._high(value), 2),
                round(BAR * place, 2), round(self._high(value), 2),
                _("%(name)s: %(value)s", name=row.label, value=cells[0]), row.is_partial,
            )
            for number, (row, cells) in enumerate(self.table)
            if (value := row.values[0])
        ]  # fmt: skip

    @cached_property
    def lines(self) -> list[str]:
        """The second row of numbers, as the points of lines; where one is not known is a gap."""
        place = WIDTH / max(len(self.rows), 1)
        parts: list[list[str]] = [[]]
        for number, row in enumerate(self.rows if len(self.series) > 1 else ()):
            if (value := row.values[1]) is None:
                parts.append([])
            else:
                parts[-1].append(f"{(number + 0.5) * place:.2f},{HEIGHT - self._high(value):.2f}")
        # A line of one point is not drawn, but one with a second point at the same place is.
        return [" ".join(part if len(part) > 1 else part * 2) for part in parts if part]

    @cached_property
    def description(self) -> str:
        """What a reader who doesn't see it should know at once; the table has the rest."""
        if not any(value is not None for row in self.rows for value in row.values):
            return _("There's no data yet.")
        number, ends = len(self.rows), (self.rows[0].label, self.rows[-1].label)
        said = [_weeks(number, *ends) if self.per == "week" else _days(number, *ends)]
        for number, name in enumerate(self.series):
            known = [(value, row.label) for row in self.rows
                     if (value := row.values[number]) is not None]  # fmt: skip
            if known:
                most, when = max(known, key=lambda pair: pair[0])
                said.append(
                    _(
                        "%(name)s: %(last)s at the end, at most %(most)s, on %(day)s.",
                        name=name,
                        last=self.written(known[-1][0]),
                        most=self.written(most),
                        day=when,
                    )
                )
        return " ".join(said)

    def _high(self, value: float) -> float:
        return HEIGHT * value / self.top
