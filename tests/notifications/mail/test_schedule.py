"""When digests are due, over changes of the clocks and of what somebody wants."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from blog.models.mail_preference import DigestPeriod
from blog.notifications.mail.schedule import effective_sent_at, next_digest

START = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Wanted:
    """A schedule: by default daily at eight in UTC."""

    digest: DigestPeriod = DigestPeriod.DAILY
    weekday: int = 0
    hour: int = 8
    time_zone: str = "UTC"
    digest_sent_at: datetime | None = None


def moments(wanted: Wanted, number: int, late: timedelta = timedelta()) -> list[datetime]:
    """When so many digests are due, each of which is sent so late."""
    found, after = [], START
    for _ in range(number):
        found.append(next_digest(wanted, after))
        after = found[-1] + late
        wanted = replace(wanted, digest_sent_at=effective_sent_at(found[-1], after))
    return found


@pytest.mark.parametrize("late", [timedelta(), timedelta(minutes=59), timedelta(hours=11)])
@pytest.mark.parametrize("hour", [0, 1, 2, 3, 8, 23])
@pytest.mark.parametrize(
    "zone", ["UTC", "Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
)
def test_a_daily_digest_comes_once_on_each_day_of_the_year(
    zone: str, hour: int, late: timedelta
) -> None:
    found = moments(Wanted(hour=hour, time_zone=zone), 366, late)
    days = [moment.astimezone(ZoneInfo(zone)).date() for moment in found]
    assert days == [days[0] + timedelta(days=each) for each in range(366)]


def test_an_hour_that_the_clocks_skip_is_the_one_after_it_and_one_that_comes_twice_the_first() -> (
    None
):
    wanted = Wanted(hour=2, time_zone="Europe/Berlin")
    skipped = next_digest(wanted, datetime(2026, 3, 28, 12, tzinfo=UTC))
    assert skipped == datetime(2026, 3, 29, 1, tzinfo=UTC)
    twice = next_digest(wanted, datetime(2026, 10, 24, 12, tzinfo=UTC))
    assert twice == datetime(2026, 10, 25, 0, tzinfo=UTC)
    again = next_digest(replace(wanted, digest_sent_at=twice), twice)
    assert again == datetime(2026, 10, 26, 1, tzinfo=UTC)


@pytest.mark.parametrize("weekday", range(7))
def test_a_weekly_digest_comes_on_its_day(weekday: int) -> None:
    wanted = Wanted(DigestPeriod.WEEKLY, weekday=weekday, time_zone="Pacific/Auckland")
    found = moments(wanted, 60, timedelta(minutes=5))
    places = [moment.astimezone(ZoneInfo("Pacific/Auckland")) for moment in found]
    assert {(place.weekday(), place.hour) for place in places} == {(weekday, 8)}
    assert {place.date() - before.date() for before, place in pairwise(places)} == {
        timedelta(days=7)
    }


@pytest.mark.parametrize("zone", ["Mars/Olympus_Mons", "", "../../etc/passwd", "Europe"])
def test_a_zone_that_is_gone_counts_as_utc(zone: str) -> None:
    assert next_digest(Wanted(time_zone=zone), START) == START + timedelta(hours=8)


@pytest.mark.parametrize(
    "change",
    [{"hour": 9}, {"hour": 23}, {"time_zone": "Pacific/Kiritimati"}, {"time_zone": "Etc/GMT+12"},
     {"digest": DigestPeriod.WEEKLY}],
)  # fmt: skip
def test_whatever_is_changed_there_is_one_digest_a_period(change: dict[str, object]) -> None:
    sent = START + timedelta(hours=8)
    changed = replace(Wanted(digest_sent_at=sent), **change)  # type: ignore[arg-type]
    shortest = timedelta(days=6) if "digest" in change else timedelta(hours=20)
    assert next_digest(changed, sent + timedelta(minutes=1)) - sent >= shortest


@pytest.mark.parametrize("digest", DigestPeriod)
def test_a_clock_that_was_ahead_and_is_set_back_costs_a_period_at_most(
    digest: DigestPeriod,
) -> None:
    wanted = Wanted(digest, digest_sent_at=START + timedelta(days=400))
    assert next_digest(wanted, START) <= START + timedelta(days=14)
