"""The plots of the dashboard, built from the daily figures."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from blog.admin.figures.queries import Figures
from blog.core.figures.counts import ACTIVE, ACTIVE_IN_WEEK, ERRORS, REQUESTS, week_of
from blog.core.i18n import LazyText, lazy_gettext, lazy_pgettext
from blog.core.web.plots import Plot, Row, Value, hours, size, whole

# Up to this number, days are shown individually; more are shown by week.
MOST_DAYS = 92
DAYS = (30, 90, 365)
WEEK = timedelta(days=7)
# The offsets of the days of a week from its first day.
DAYS_OF_WEEK = [timedelta(days=number) for number in range(7)]


def total(values: Sequence[int]) -> float:
    """The value of a week: the sum of its days."""
    return sum(values)


def last(values: Sequence[int]) -> float:
    """The value of a week: the value of its last day."""
    return values[-1]


def mean(values: Sequence[int]) -> float:
    """The value of a week: the mean of its days."""
    return sum(values) / len(values)


@dataclass(frozen=True)
class Series:
    """A plot of the dashboard.

    Attributes:
        name: its name in URLs, `/admin/figures/<name>.csv`.
        title: its title.
        figures: the daily figures, each with its label.
        combine_days: computes the value of a week from its days; `None` for a weekly figure.
        format_value: formats a number.
    """

    name: str
    title: LazyText
    figures: dict[str, LazyText]
    combine_days: Callable[[Sequence[int]], float] | None = total
    format_value: Callable[[float], str] = whole

    def plot(self, figures: Figures, today: date, days: int) -> Plot:
        """The plot of the last days up to today, by week if they are too many."""
        by_week = self.combine_days is None or days > MOST_DAYS
        return Plot(
            self.name, str(self.title), list(map(str, self.figures.values())),
            list(self._rows(figures, today, days, by_week)), self.format_value,
            "week" if by_week else "day",
        )  # fmt: skip

    def _rows(self, figures: Figures, today: date, days: int, by_week: bool) -> Iterator[Row]:
        day = first_day(today, days)
        step = WEEK if by_week else timedelta(days=1)
        if by_week:
            day = week_of(day)
        while day <= today:
            values = [self._value(figures, name, day, by_week) for name in self.figures]
            yield Row(day, values, day + step > today)
            day += step

    def _value(self, figures: Figures, name: str, day: date, by_week: bool) -> Value:
        by_day = figures.get(name, {})
        if not by_week or self.combine_days is None:
            return by_day.get(day)
        known = [by_day[each] for after in DAYS_OF_WEEK if (each := day + after) in by_day]
        return self.combine_days(known) if known else None


def first_day(today: date, days: int) -> date:
    """The first of the last `days` days up to today."""
    return today - timedelta(days=days - 1)


_PEOPLE, _SIGN_UPS = lazy_gettext("People"), lazy_gettext("Sign-ups")
_COMMENTS, _LIKES = lazy_gettext("Comments"), lazy_gettext("Likes")
_REQUESTS = lazy_gettext("Requests")
SERIES = (
    Series("active-people", lazy_gettext("Active people"), {ACTIVE: _PEOPLE}, mean),
    Series(
        "active-in-week", lazy_gettext("Active people by week"), {ACTIVE_IN_WEEK: _PEOPLE}, None,
    ),
    Series("sign-ups", _SIGN_UPS, {"sign_ups": _SIGN_UPS}),
    Series("posts", lazy_gettext("Posts"), {"posts": lazy_gettext("Published posts")}),
    Series("comments", _COMMENTS, {"comments": _COMMENTS}),
    Series("likes", _LIKES, {"likes": _LIKES}),
    Series(
        "reports", lazy_gettext("Reports"),
        {"reports": lazy_pgettext("reports", "Made"),
         "reports_closed": lazy_pgettext("reports", "Closed")},
    ),
    Series(
        "report-wait", lazy_gettext("How long reports waited"),
        {"report_wait": lazy_gettext("Median")}, mean, hours,
    ),
    Series(
        "mail", lazy_pgettext("noun", "Mail"),
        {"mail_sent": lazy_pgettext("mail", "Sent"),
         "mail_failed": lazy_pgettext("mail", "Failed")},
    ),
    Series("requests", _REQUESTS, {REQUESTS: _REQUESTS}),
    Series("errors", lazy_gettext("Errors"), {ERRORS: lazy_gettext("Failed requests (5xx)")}),
    Series(
        "storage", lazy_gettext("Storage"),
        {"database_bytes": lazy_gettext("Database"), "image_bytes": lazy_gettext("Images")},
        last, size,
    ),
)  # fmt: skip
SERIES_BY_NAME = {series.name: series for series in SERIES}
NAMES = sorted({name for series in SERIES for name in series.figures})
