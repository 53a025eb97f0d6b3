"""The transparency report of a year, computed from the public log."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.moderation_log import PUBLISHED
from blog.core.i18n import LazyText
from blog.models import Act, LogEntry

_ENTRY = LogEntry.__table__.c
_FIRST_TIME = select(func.min(_ENTRY.at))


class RuleCount(NamedTuple):
    """The number of actions based on a rule, with its text at the time of the newest one."""

    number: int
    text: str
    actions: int


class Report(NamedTuple):
    """What moderators did in a year, in UTC.

    Attributes:
        years: the years that have a report, newest first.
        acts: the actions and how often they were taken, most frequent first.
        rules: the rules that the actions are based on, in order.
        without_rule: the number of actions not based on a rule.
        last: the number of the last entry of the year; `None` if there is none.
    """

    year: int
    years: tuple[int, ...]
    acts: tuple[tuple[LazyText, int], ...]
    rules: tuple[RuleCount, ...]
    without_rule: int
    last: int | None

    @property
    def total(self) -> int:
        """The number of actions."""
        return sum(number for _, number in self.acts)


async def report(session: AsyncSession, year: int, this_year: int) -> Report | None:
    """The report of a year; `None` for a year before the log started or in the future.

    Args:
        this_year: the last year that has a report.
    """
    first: datetime | None = await session.scalar(_FIRST_TIME)
    first_year = first.astimezone(UTC).year if first else this_year
    if not first_year <= year <= this_year:
        return None
    rows = (await session.execute(_counts(year))).all()
    acts, rules, texts, without_rule = Counter[Act](), Counter[int](), dict[int, str](), 0
    for row in sorted(rows, key=lambda row: row.last):
        acts[Act(row.act)] += row.number
        if row.rule is None:
            without_rule += row.number
        else:
            rules[row.rule["number"]] += row.number
            texts[row.rule["number"]] = row.rule["text"]
    return Report(
        year=year,
        years=tuple(range(this_year, first_year - 1, -1)),
        acts=tuple((PUBLISHED[act].summary, number) for act, number in acts.most_common()),
        rules=tuple(RuleCount(number, texts[number], rules[number]) for number in sorted(rules)),
        without_rule=without_rule,
        last=max((row.last for row in rows), default=None),
    )


def _counts(year: int) -> Any:
    start, end = (datetime(each, 1, 1, tzinfo=UTC) for each in (year, year + 1))
    number, last = func.count().label("number"), func.max(_ENTRY.number).label("last")
    return (
        select(_ENTRY.act, _ENTRY.rule, number, last)
        .where(_ENTRY.at >= start, _ENTRY.at < end)
        .group_by(_ENTRY.act, _ENTRY.rule)
    )
