"""Queries of the dashboard: small tables of daily counts, and ranges of indexes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import BigInteger, Date, cast, func, literal_column, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.metrics import BOUNDS
from blog.models import (
    CommentRange,
    DailyFigure,
    Email,
    EmailState,
    Job,
    JobState,
    MonthlyActivity,
    PostDay,
    Report,
    RouteDay,
    UserRange,
)

# Pages don't need exact counts beyond this.
COUNTED = 1_000
SLOWEST = 20
# A route with fewer requests says little.
FEWEST_REQUESTS = 20

# The value of each figure on each day.
Figures = Mapping[str, Mapping[date, int]]


async def daily_figures(
    session: AsyncSession, names: Iterable[str], first: date
) -> tuple[Figures, datetime | None]:
    """Figures since a day, and when they were last counted."""
    # Reading thousands of rows takes much longer than reading a few with arrays.
    rows = (await session.execute(
        select(
            DailyFigure.name, func.array_agg(DailyFigure.day), func.array_agg(DailyFigure.value),
            func.max(DailyFigure.counted_at),
        )
        .where(DailyFigure.name.in_(sorted(names)), DailyFigure.day >= first)
        .group_by(DailyFigure.name)
    )).all()  # fmt: skip
    figures = {name: dict(zip(days, values, strict=True)) for name, days, values, _ in rows}
    return figures, max((counted_at for *_, counted_at in rows), default=None)


class State(NamedTuple):
    """Current totals. Reports, mails and jobs are counted up to `COUNTED + 1` only."""

    people: int
    posts: int
    comments: int
    reports: int
    oldest_report: datetime | None
    failed_mails: int
    failed_jobs: int


_open = Report.closed_at.is_(None)
_some_reports = select(Report.id).where(_open).limit(COUNTED + 1).subquery()
_some_mails = select(Email.id).where(Email.state == EmailState.FAILED).limit(COUNTED + 1).subquery()
_some_jobs = select(Job.id).where(Job.state == JobState.FAILED).limit(COUNTED + 1).subquery()
_STATE = select(
    func.coalesce(select(func.sum(UserRange.visible)).scalar_subquery(), 0),
    func.coalesce(select(func.sum(PostDay.visible)).scalar_subquery(), 0),
    func.coalesce(select(func.sum(CommentRange.visible)).scalar_subquery(), 0),
    select(func.count()).select_from(_some_reports).scalar_subquery(),
    select(Report.created_at).where(_open).order_by(Report.id).limit(1).scalar_subquery(),
    select(func.count()).select_from(_some_mails).scalar_subquery(),
    select(func.count()).select_from(_some_jobs).scalar_subquery(),
)


async def state(session: AsyncSession) -> State:
    """The current totals, which triggers maintain."""
    return State(*(await session.execute(_STATE)).one())


class Cohort(NamedTuple):
    """The people who joined in a month.

    Attributes:
        joined: the first day of the month.
        people: the number who signed up; `None` if that was before days were counted.
        active: the number of them who used the site in that month, the next one, and so on.
    """

    joined: date
    people: int | None
    active: Sequence[int | None]


async def cohorts(session: AsyncSession, first: date, last: date) -> list[Cohort]:
    """The people who joined in the months from `first` to `last`, and how many came back."""
    month = cast(func.date_trunc("month", DailyFigure.day), Date)
    signed_up = (
        select(month.label("joined"), func.sum(DailyFigure.value).label("people"))
        .where(DailyFigure.name == "sign_ups", DailyFigure.day >= first)
        .group_by(literal_column("1"))
        .subquery()
    )
    activity = select(MonthlyActivity.__table__).where(MonthlyActivity.joined >= first).subquery()
    both = activity.outerjoin(signed_up, signed_up.c.joined == activity.c.joined, full=True)
    rows = await session.execute(
        select(
            func.coalesce(activity.c.joined, signed_up.c.joined).label("joined"),
            activity.c.active, activity.c.people.label("seen"),
            cast(signed_up.c.people, BigInteger).label("people"),
        )
        .select_from(both)
    )  # fmt: skip
    people: dict[date, int | None] = {}
    seen: dict[tuple[date, date], int] = {}
    for joined, active, number, size in rows:
        people[joined] = size
        if active is not None:
            seen[joined, active] = number
    # Nothing is known about the months before activity was counted.
    known_from = min((active for _, active in seen), default=last)
    return [
        Cohort(joined, people[joined], [
            seen.get((joined, month), 0) if month >= known_from else None
            for month in months(joined, last)
        ])
        for joined in sorted(people, reverse=True)
    ]  # fmt: skip


def months(first: date, last: date) -> list[date]:
    """The first days of the months from one to another."""
    count = (last.year - first.year) * 12 + last.month - first.month + 1
    numbers = range(first.month - 1, first.month - 1 + max(count, 0))
    return [date(first.year + each // 12, each % 12 + 1, 1) for each in numbers]


class RouteFigures(NamedTuple):
    """The requests of a route.

    Attributes:
        mean: the mean duration, in seconds.
        most: the 95th percentile, in seconds; `None` if it is beyond all bounds.
    """

    method: str
    route: str
    requests: int
    errors: int
    mean: float
    most: float | None


_durations = [
    func.coalesce(func.sum(RouteDay.durations[number]), 0) for number in range(1, len(BOUNDS) + 2)
]


async def routes(session: AsyncSession, first: date) -> list[RouteFigures]:
    """All routes since a day, slowest first."""
    rows = await session.execute(
        select(
            RouteDay.method, RouteDay.route, cast(func.sum(RouteDay.requests), BigInteger),
            cast(func.sum(RouteDay.errors), BigInteger), func.sum(RouteDay.seconds), *_durations,
        )
        .where(RouteDay.day >= first)
        .group_by(RouteDay.method, RouteDay.route)
    )  # fmt: skip
    found = [
        RouteFigures(
            method, route, requests, errors, seconds / max(requests, 1),
            _percentile(durations, 0.95),
        )
        for method, route, requests, errors, seconds, *durations in rows.all()
    ]  # fmt: skip
    return sorted(found, key=_slowness, reverse=True)


def _percentile(durations: Sequence[int], share: float) -> float | None:
    reached, needed = 0, share * sum(durations)
    for bound, number in zip(BOUNDS, durations, strict=False):
        reached += number
        if reached >= needed:
            return bound
    return None


def _slowness(figures: RouteFigures) -> tuple[float, float]:
    return figures.most or float("inf"), figures.mean
