"""The capacity model of docs/scaling.md: from what is measured to machines.

    python -m benchmarks.capacity

Prints the tables of that page, in Markdown. `MEASURED` is what `python -m benchmarks.costs` has
printed; everything in `Habits` and `Machine` is assumed.
"""

import math
from typing import NamedTuple

DAY, YEAR = 86_400, 365
SITES = (10_000, 1_000_000, 100_000_000)


class Cost(NamedTuple):
    """What an action takes: milliseconds of a core, on the machine that measured, and bytes of the
    log and of disk."""

    site: float
    database: float
    log: float = 0
    disk: float = 0


MEASURED = {
    "a page, anonymous": Cost(9.8, 2.2),
    "a timeline": Cost(16.4, 3.6),
    "a page of a post": Cost(10.6, 3.2),
    "a new post": Cost(17.1, 5.5, 2_956, 2_276),
    "a comment": Cost(15.3, 11.2, 4_616, 896),
    "a like": Cost(12.5, 5.4, 2_388, 152),
    "a follow": Cost(12.1, 5.0, 3_171, 181),
}
# The machine was busy. Where nothing else ran, two cores answered 1,278 requests a second for the
# API's list of posts (docs/performance.md), so all times are multiplied by this.
API_POSTS = Cost(9.8, 2.7)
SCALE = 2_000 / 1_278 / (API_POSTS.site + API_POSTS.database)
# Of a post in the timeline of a follower (`blog simulate --people 1000000`).
ENTRY = Cost(0, 0, 167, 113)
READS = tuple(name for name, cost in MEASURED.items() if not cost.log)


class Habits(NamedTuple):
    """What people do, on average.

    Attributes:
        active: the share of all people who visit on a day.
        a_day: what each of those does, by the names of `MEASURED`. The pages of strangers count as
            theirs.
        peak: how many times as much is done in the busiest minutes as on average.
        years: how long the site keeps what they write.
        follows: how many people each follows, so how many timelines a post is in.
    """

    active: float = 0.2
    a_day: tuple[tuple[str, float], ...] = (
        ("a page, anonymous", 30), ("a timeline", 10), ("a page of a post", 20),
        ("a new post", 0.2), ("a comment", 0.5), ("a like", 3), ("a follow", 0.2),
    )  # fmt: skip
    peak: float = 4
    years: float = 3
    follows: float = 100


class Machine(NamedTuple):
    """A machine, and how much of it may be used at the peak.

    Attributes:
        cores: the number of its cores.
        use: the share that may be used.
        disk: its disk, in bytes.
        log: how much of the log its disk, its replicas and its archive take, in bytes per second.
    """

    cores: int
    use: float = 0.5
    disk: float = 0
    log: float = 0


WEB = Machine(8)
DATABASE = Machine(32, disk=8e12, log=50e6)


class Plan(NamedTuple):
    """What a site needs at its peak.

    Attributes:
        requests: requests a second.
        writes: those of them that write.
        web: cores of the web processes.
        reading: cores of database servers for reads.
        writing: cores of the primary for writes.
        log: bytes of the log a second, without full pages.
        disk: bytes after the years.
        entries: how many entries of timelines a second, if they were stored.
    """

    requests: float
    writes: float
    web: float
    reading: float
    writing: float
    log: float
    disk: float
    entries: float

    @property
    def web_machines(self) -> int:
        """At least two: one may fail."""
        return max(2, math.ceil(self.web / (WEB.cores * WEB.use)))

    @property
    def replicas(self) -> int:
        """At least one: it is also what takes over."""
        return max(1, math.ceil(self.reading / (DATABASE.cores * DATABASE.use)))

    @property
    def of_the_primary(self) -> dict[str, float]:
        """Which share of one primary is needed of each thing that more machines do not add."""
        return {
            "cores for writes": self.writing / (DATABASE.cores * DATABASE.use),
            "log": self.log / DATABASE.log,
            "disk": self.disk / (DATABASE.disk * DATABASE.use),
        }


def plan(people: int, habits: Habits | None = None) -> Plan:
    """What a site of so many people needs."""
    habits = habits or Habits()
    a_second = {
        name: people * habits.active * number * habits.peak / DAY for name, number in habits.a_day
    }
    writes = {name: number for name, number in a_second.items() if name not in READS}

    def total(figure: str, actions: dict[str, float]) -> float:
        return float(
            sum(getattr(MEASURED[name], figure) * number for name, number in actions.items())
        )

    on_database = total("database", a_second) - total("database", writes)
    return Plan(
        requests=sum(a_second.values()),
        writes=sum(writes.values()),
        web=total("site", a_second) * SCALE / 1000,
        reading=on_database * SCALE / 1000,
        writing=total("database", writes) * SCALE / 1000,
        log=total("log", writes),
        disk=total("disk", writes) / habits.peak * DAY * YEAR * habits.years,
        entries=a_second["a new post"] * habits.follows,
    )


def table() -> list[str]:
    """The lines of the table of sites."""
    plans = [plan(people) for people in SITES]
    rows = {
        "requests a second at the peak": [_figure(each.requests) for each in plans],
        "of these, writes": [_figure(each.writes) for each in plans],
        "cores of web processes": [_figure(each.web) for each in plans],
        "cores of the database for reads": [_figure(each.reading) for each in plans],
        "cores of the primary for writes": [_figure(each.writing) for each in plans],
        "log a second": [_bytes(each.log) for each in plans],
        "disk after 3 years": [_bytes(each.disk) for each in plans],
        f"web machines, {WEB.cores} cores": [f"{each.web_machines:,}" for each in plans],
        f"replicas, {DATABASE.cores} cores": [f"{each.replicas:,}" for each in plans],
        **{
            f"of one primary: {name}": [f"{each.of_the_primary[name]:.1%}" for each in plans]
            for name in plans[0].of_the_primary
        },
        "entries a second, if timelines were stored": [_figure(each.entries) for each in plans],
        "log of these": [_bytes(each.entries * ENTRY.log) for each in plans],
    }
    head = _row("people", [f"{people:,}" for people in SITES])
    return [head, "| --- | --- | --- | --- |", *(_row(name, row) for name, row in rows.items())]


def assumptions() -> list[str]:
    """The lines of the table of what was measured, and how often each is assumed."""
    a_day = dict(Habits().a_day)
    rows = [
        _row(name, [
            f"{a_day[name]:g}", f"{cost.site:g} ms", f"{cost.database:g} ms",
            f"{cost.log:,.0f}" if cost.log else "", f"{cost.disk:,.0f}" if cost.disk else "",
        ])
        for name, cost in MEASURED.items()
    ]  # fmt: skip
    head = ["a day and visitor", "web", "database", "bytes of log", "bytes of disk"]
    return [_row("", head), f"|{' --- |' * 6}", *rows]


def _row(name: str, cells: list[str]) -> str:
    return f"| {' | '.join([name, *cells])} |"


def _figure(number: float) -> str:
    """Two significant digits, without an exponent."""
    digits = 1 - math.floor(math.log10(number))
    return f"{round(number, digits):,.{max(digits, 0)}f}"


def _bytes(number: float) -> str:
    for unit in ("bytes", "kB", "MB", "GB"):
        if number < 1000:
            return f"{_figure(number)} {unit}"
        number /= 1000
    return f"{_figure(number)} TB"


if __name__ == "__main__":
    print("\n".join([*assumptions(), "", *table()]))
