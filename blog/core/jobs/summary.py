"""The number of jobs in each state, for administrators."""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.i18n import format_number
from blog.core.i18n import gettext as _
from blog.models import Job, JobState

# Larger numbers are not counted exactly.
COUNTED = 1_000


class Sort(StrEnum):
    """The states of jobs that administrators see, the most urgent first."""

    FAILED = "failed"
    RUNNING = "running"
    WAITING = "waiting"
    SCHEDULED = "scheduled"

    @property
    def condition(self) -> ColumnElement[bool]:
        """The condition for jobs of this sort."""
        match self:
            case Sort.FAILED:
                return Job.state == JobState.FAILED
            case Sort.RUNNING:
                return Job.state == JobState.RUNNING
            case Sort.WAITING:
                return (Job.state == JobState.WAITING) & (Job.due_at <= func.now())
            case Sort.SCHEDULED:
                return (Job.state == JobState.WAITING) & (Job.due_at > func.now())


class Line(NamedTuple):
    """The number of jobs of a sort; `COUNTED + 1` stands for any larger number.

    `next_at` is the time of the first of them: when it failed, when it was or is due, or when its
    lease ends.
    """

    sort: Sort
    number: int
    next_at: datetime | None

    @property
    def number_in_words(self) -> str:
        """The number for display."""
        if self.number > COUNTED:
            return _("over %(number)s", number=format_number(COUNTED))
        return format_number(self.number)


async def summary(session: AsyncSession) -> Sequence[Line]:
    """The number of jobs of each sort."""
    statements = []
    for sort in Sort:
        counted = select(Job.due_at).where(sort.condition).limit(COUNTED + 1).subquery()
        first = select(func.min(Job.due_at)).where(sort.condition).scalar_subquery()
        statements.append(
            select(
                literal(sort.value).label("sort"),
                func.count(counted.c.due_at).label("number"),
                first.label("next_at"),
            )
        )
    rows = {row.sort: row for row in await session.execute(union_all(*statements))}
    return [Line(sort, rows[sort].number, rows[sort].next_at) for sort in Sort]
