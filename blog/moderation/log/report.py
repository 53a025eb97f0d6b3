"""The transparency report of a year, made from the public log."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.moderation_log import PUBLISHED
from blog.core.i18n import LazyText
from blog.models import Act, LogEntry

_ENTRY = LogEntry.__table__.c
_FIRST = select(func.min(_ENTRY.at))


class RuleCount(NamedTuple):
    """How many actions rest on a rule, with its text as it was in the newest of them."""

    number: int
    text: str
    actions: int


class Report(NamedTuple):
    """What moderators did in a year, in UTC.

    Attributes:
        years: those for which there is a report, the newest first.
        acts: what they did, and how often, the most frequent first.
        rules: the rules that the actions rest on, in their order.
        without_rule: how many actions rest on none.
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
    """The report of a year; `None` for one before the log began, or in the future.

    Args:
        this_year: until when there are reports.
    """
    first: datetime | None = await session.scalar(_FIRST)
    began = first.astimezone(UTC).year if first else this_year
    if not began <= year <= this_year:
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
        years=tuple(range(this_year, began - 1, -1)),
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
