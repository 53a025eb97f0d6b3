"""Counts of what happened in this process since they were last written: only numbers, no people."""

import json
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Self

from sqlalchemy import TextClause, text

from blog.core.clock import now
from blog.core.db.database import Database
from blog.core.metrics import BOUNDS

ACTIVE, ACTIVE_IN_WEEK = "active_people", "active_in_week"
REQUESTS, ERRORS = "requests", "errors"
FIRST_SERVER_ERROR = 500

# In the order of the keys, so that two processes can't deadlock.
_ADD_FIGURES = text("""
    INSERT INTO daily_figures AS kept (name, day, value)
    SELECT name, day, value
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new (name text, day date, value bigint)
    ORDER BY name, day
    ON CONFLICT (name, day)
    DO UPDATE SET value = kept.value + excluded.value, counted_at = now()
""")
_ADD_ACTIVITY = text("""
    INSERT INTO monthly_activity AS kept (joined, active, people)
    SELECT joined, active, people
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new (joined date, active date, people bigint)
    ORDER BY joined, active
    ON CONFLICT (joined, active) DO UPDATE SET people = kept.people + excluded.people
""")
_ADD_REQUESTS = text("""
    INSERT INTO route_days AS kept (day, method, route, requests, errors, seconds, durations)
    SELECT day, method, route, requests, errors, seconds, durations
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS new (
        day date, method text, route text, requests bigint, errors bigint,
        seconds double precision, durations int[]
    )
    ORDER BY day, method, route
    ON CONFLICT (day, method, route) DO UPDATE SET
        requests = kept.requests + excluded.requests,
        errors = kept.errors + excluded.errors,
        seconds = kept.seconds + excluded.seconds,
        durations = ARRAY(
            SELECT coalesce(old, 0) + coalesce(new, 0)
            FROM unnest(kept.durations, excluded.durations) AS pair (old, new)
        )
""")


def month_of(day: date) -> date:
    """The first day of a month."""
    return day.replace(day=1)


def week_of(day: date) -> date:
    """The Monday of a week (ISO 8601)."""
    return day - timedelta(days=day.weekday())


@dataclass
class Requests:
    """The requests of a route on a day, like `blog.models.RouteDay`."""

    requests: int = 0
    errors: int = 0
    seconds: float = 0.0
    durations: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, other: Self) -> None:
        """Add further requests of the route."""
        self.requests += other.requests
        self.errors += other.errors
        self.seconds += other.seconds
        self.durations = [sum(pair) for pair in zip(self.durations, other.durations, strict=True)]


class Counts:
    """Counts in memory; a process that is killed loses those that it hasn't written."""

    def __init__(self) -> None:
        self._figures = Counter[tuple[str, date]]()
        self._activity = Counter[tuple[date, date]]()
        self._requests: dict[tuple[date, str, str], Requests] = {}

    def count_request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method, route: values from small fixed sets, whatever clients send.
            status: the status of the response.
            seconds: how long the request took.
        """
        today, is_error = now().date(), status >= FIRST_SERVER_ERROR
        self._figures[REQUESTS, today] += 1
        self._figures[ERRORS, today] += is_error
        key = (today, method, route)
        if (counts := self._requests.get(key)) is None:
            counts = self._requests[key] = Requests()
        counts.requests += 1
        counts.errors += is_error
        counts.seconds += seconds
        counts.durations[bisect_left(BOUNDS, seconds)] += 1

    def count_activity(self, joined: datetime, seen: datetime) -> None:
        """Count a person who is using the site now, once per day, week and month.

        The time when they were last seen shows whether they were counted already, so nothing about
        them has to be stored.

        Args:
            joined: when they signed up.
            seen: when they were last seen; `joined` if never.
        """
        today, before = now().date(), seen.date() if seen > joined else date.min
        if before >= today:
            return
        self._figures[ACTIVE, today] += 1
        if before < week_of(today):
            self._figures[ACTIVE_IN_WEEK, week_of(today)] += 1
        if before < month_of(today):
            self._activity[month_of(joined.date()), month_of(today)] += 1

    async def write(self, database: Database) -> None:
        """Add the counts to those in the database; if that fails, they are kept for the next
        time."""
        figures, activity, requests = self._figures, self._activity, self._requests
        self._figures, self._activity, self._requests = Counter(), Counter(), {}
        statements: list[tuple[TextClause, list[dict[str, Any]]]] = [
            (_ADD_FIGURES, [
                {"name": name, "day": f"{day}", "value": value}
                for (name, day), value in figures.items()
            ]),
            (_ADD_ACTIVITY, [
                {"joined": f"{joined}", "active": f"{active}", "people": people}
                for (joined, active), people in activity.items()
            ]),
            (_ADD_REQUESTS, [
                {"day": f"{day}", "method": method, "route": route, **vars(each)}
                for (day, method, route), each in requests.items()
            ]),
        ]  # fmt: skip
        try:
            async with database.session() as session:
                for statement, rows in statements:
                    if rows:
                        await session.execute(statement, {"rows": json.dumps(rows)})
                await session.commit()
        except BaseException:
            self._figures.update(figures)
            self._activity.update(activity)
            for key, each in requests.items():
                self._requests.setdefault(key, Requests()).add(each)
            raise
