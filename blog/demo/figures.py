"""The daily figures of a site with the history of the demo."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from blog.core.figures.counts import ACTIVE, ACTIVE_IN_WEEK, ERRORS, REQUESTS, month_of, week_of
from blog.core.metrics import BOUNDS
from blog.demo.history import DAY, SPAN, History

REQUESTS_OF_A_PERSON = 40
READERS_OF_A_WRITER = 3
MIB = 1024 * 1024
# Some routes, each with the index of the bound that most of its requests are within.
ROUTES = (
    ("GET", "/", 1), ("GET", "/post/<id:post_id>/<slug>", 1), ("GET", "/user/<username>", 1),
    ("GET", "/search", 3), ("GET", "/explore", 2), ("GET", "/notifications", 1),
    ("POST", "/auth/login", 4), ("POST", "/post/<id:post_id>", 2), ("POST", "/auth/register", 4),
    ("GET", "/api/v1/posts/", 1), ("GET", "/feed.atom", 0), ("POST", "/media", 5),
)  # fmt: skip
ROUTE_DAYS = 7
VIEWED_POSTS, VIEW_DAYS = 400, 90


class DemonstrationFigures:
    """Generates figures of days.

    Args:
        random: the source of randomness.
        history: who did what, and when.
        until: the end of the history.
    """

    def __init__(self, random: Random, history: History, until: datetime) -> None:
        self._random = random
        self._history = history
        self._beginning = until - timedelta(seconds=SPAN)
        self._until = until.date()
        self._joined = [self._day(time) for time in history.joined]
        self._active = self._people_by_day()

    def _day(self, time: float) -> date:
        return (self._beginning + timedelta(seconds=time)).date()

    def _people_by_day(self) -> dict[date, set[int]]:
        """The people who wrote or read on each day."""
        people: dict[date, set[int]] = defaultdict(set)
        history = self._history
        for who, when in (
            (range(len(history.joined)), history.joined),
            (range(len(history.last_seen)), history.last_seen),
            (history.author, history.posted), (history.commenter, history.commented),
        ):  # fmt: skip
            for person, time in zip(who, when, strict=True):
                people[self._day(time)].add(person)
        for day, writers in people.items():
            known = bisect_right(self._joined, day)
            readers = READERS_OF_A_WRITER * len(writers)
            writers.update(int(known * self._random.random() ** 1.5) for _ in range(readers))
        return people

    def daily(self) -> Iterator[dict[str, Any]]:
        """The figures of each day."""
        history, random = self._history, self._random
        per_day = {
            "sign_ups": self._per_day(history.joined),
            "posts": self._per_day(history.posted),
            "comments": self._per_day(history.commented),
            "likes": self._per_day(history.posted[post] + DAY * random.expovariate(0.5)
                                   for post in history.liked),
            ACTIVE: {day: len(people) for day, people in self._active.items()},
        }  # fmt: skip
        weeks: dict[date, set[int]] = defaultdict(set)
        for day, people in self._active.items():
            weeks[week_of(day)] |= people
        kept = len(history.posted) * MIB // 100
        for number in range(int(SPAN // DAY) + 1):
            day = self._day(number * DAY)
            figures = {name: counts.get(day, 0) for name, counts in per_day.items()}
            visits = figures[ACTIVE] * REQUESTS_OF_A_PERSON
            reports = int(random.expovariate(2) + figures["comments"] / 40)
            share = number * DAY / SPAN
            figures |= {
                REQUESTS: int(visits * random.uniform(0.7, 1.3)),
                ERRORS: int(random.expovariate(2) * visits / 20_000),
                "reports": reports,
                "reports_closed": reports,
                "mail_sent": figures["comments"] // 2 + figures["sign_ups"] * 2,
                "mail_failed": int(random.expovariate(4)),
                "database_bytes": int(12 * MIB + kept * share),
                "image_bytes": int(30 * MIB * share + kept * share * 3),
            }
            if reports:
                figures["report_wait"] = int(random.expovariate(1 / 14_000))
            if week_of(day) == day:
                figures[ACTIVE_IN_WEEK] = len(weeks[day])
            yield from ({"name": name, "day": day, "value": figures[name]} for name in figures)

    def _per_day(self, times: Iterable[float]) -> Counter[date]:
        return Counter(self._day(min(time, SPAN)) for time in times)

    def monthly(self) -> Iterator[dict[str, Any]]:
        """How many people came back in later months, by the month in which they joined."""
        months: dict[date, set[int]] = defaultdict(set)
        for day, people in self._active.items():
            months[month_of(day)] |= people
        counts = Counter(
            (month_of(self._joined[person]), month)
            for month, people in months.items() for person in people
        )  # fmt: skip
        for (joined, active), number in counts.items():
            yield {"joined": joined, "active": active, "people": number}

    def views(self, posts: Sequence[int]) -> Iterator[dict[str, Any]]:
        """The views of the newest posts, most of them on their first days.

        Args:
            posts: the ids of all posts.
        """
        history = self._history
        for post in range(max(0, len(posts) - VIEWED_POSTS), len(posts)):
            published = self._day(history.posted[post])
            popularity = 5 + 10 * history.comment_count[post] + 5 * history.like_count[post]
            for age in range(min((self._until - published).days + 1, VIEW_DAYS)):
                views = int(popularity * self._random.uniform(0.5, 1.5) / (age + 1))
                if views:
                    day = published + timedelta(days=age)
                    yield {"post_id": posts[post], "day": day, "views": views}

    def routes(self) -> Iterator[dict[str, Any]]:
        """The requests of some routes on the last days."""
        for number in range(ROUTE_DAYS):
            for method, route, usual in ROUTES:
                durations = [0] * (len(BOUNDS) + 1)
                requests = int(self._random.uniform(50, 400))
                for _ in range(requests):
                    bound = usual + int(self._random.expovariate(1.2))
                    durations[min(bound, len(BOUNDS) - 2)] += 1
                slow = zip(BOUNDS, durations, strict=False)
                yield {
                    "day": self._until - timedelta(days=number), "method": method, "route": route,
                    "requests": requests, "errors": int(self._random.expovariate(2)),
                    "seconds": sum(bound * count * 0.7 for bound, count in slow),
                    "durations": durations,
                }  # fmt: skip
