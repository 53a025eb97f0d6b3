"""Times on the clocks of a time zone, also on the days on which these are changed."""

from datetime import UTC, datetime

import pytest
from pydantic import BaseModel, ValidationError

from blog.core.text.wall_times import TimeZone, WallTime, is_ambiguous, utc_time, wall_text


class Given(BaseModel):
    at: WallTime = None
    zone: TimeZone = None


def wall(text: str) -> datetime:
    at = Given(at=text).at  # type: ignore[arg-type]
    assert at
    return at


@pytest.mark.parametrize(
    ("at", "zone", "moment"),
    [
        ("2026-12-01T09:30", "Europe/Lisbon", "2026-12-01T09:30"),
        ("2026-12-01T09:30", "Asia/Kathmandu", "2026-12-01T03:45"),
        ("2026-07-01T09:30:00", "America/New_York", "2026-07-01T13:30"),
        ("2026-12-31T23:59", "Pacific/Kiritimati", "2026-12-31T09:59"),
        # Before and after the hour that is left out, and the first of those that come twice.
        ("2027-03-28T01:59", "Europe/Berlin", "2027-03-28T00:59"),
        ("2027-03-28T03:00", "Europe/Berlin", "2027-03-28T01:00"),
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30"),
        ("2026-10-25T03:00", "Europe/Berlin", "2026-10-25T02:00"),
    ],
)
def test_a_clock_shows_it_at_this_moment(at: str, zone: str, moment: str) -> None:
    assert utc_time(wall(at), zone) == datetime.fromisoformat(moment).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "zone"),
    [
        ("2027-03-28T02:00", "Europe/Berlin"), ("2027-03-28T02:30", "Europe/Berlin"),
        ("2027-03-14T02:59", "America/New_York"), ("2026-10-04T02:15", "Australia/Lord_Howe"),
        # A whole day was left out.
        ("2011-12-30T12:00", "Pacific/Apia"),
    ],
)  # fmt: skip
def test_a_time_that_the_clocks_skip_never_comes(at: str, zone: str) -> None:
    with pytest.raises(ValueError, match="clocks go forward"):
        utc_time(wall(at), zone)


def test_a_time_comes_twice_while_the_clocks_are_put_back() -> None:
    assert is_ambiguous(wall("2026-10-25T02:30"), "Europe/Berlin")
    assert not is_ambiguous(wall("2026-10-25T01:59"), "Europe/Berlin")
    assert not is_ambiguous(wall("2026-10-25T03:00"), "Europe/Berlin")
    assert not is_ambiguous(wall("2026-12-01T02:30"), "Europe/Berlin")


@pytest.mark.parametrize(
    "at",
    ["2026-13-01T09:30", "2026-02-29T09:30", "2026-12-01", "2026-12-01 09:30", "tomorrow", 7,
     "2026-12-01T09:30Z", "2026-12-01T09:30+01:00", "2026-12-01T24:00", "2026-12-01T09:30:15",
     "+2026-12-01T09:30", "10000-01-01T00:00", "٢٠٢٦-12-01T09:30", "0000-01-01T00:00"],
)  # fmt: skip
def test_anything_else_is_no_time(at: object) -> None:
    with pytest.raises(ValidationError, match="date and time"):
        Given(at=at)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "zone",
    ["Mars/Olympus", "europe/lisbon", "Europe", "", "../../etc/passwd", "/etc/localtime", "UTC+1",
     "Europe/Lisbon\0", "x" * 10_000, 7],
)  # fmt: skip
def test_only_names_of_iana_are_time_zones(zone: object) -> None:
    if zone == "":
        assert Given(zone=zone).zone is None  # type: ignore[arg-type]
        return
    with pytest.raises(ValidationError, match="choose a time zone"):
        Given(zone=zone)  # type: ignore[arg-type]


def test_a_time_is_shown_as_it_was_given() -> None:
    assert wall_text(wall("2026-12-01T09:30")) == "2026-12-01T09:30"
