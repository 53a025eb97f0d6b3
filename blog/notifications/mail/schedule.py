"""When the next digest is due.

A digest comes at an hour of the clocks in somebody's time zone. An hour that the clocks skip is the
one after it, and of an hour that comes twice it is the first. Between two digests is nearly a
period at least, whatever is changed in between: the hour, the zone, or the zone's rules.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from blog.models.mail_preference import DigestPeriod

# Less than a period by more than the clocks are ever changed.
SHORTEST = {
    DigestPeriod.DAILY: timedelta(hours=20),
    DigestPeriod.WEEKLY: timedelta(days=6, hours=12),
}
# A digest that is sent late counts as sent so much earlier, or at its time, so that the next one is
# not left out.
LATE = timedelta(hours=8)
# After which there is a day of the week that is late enough.
DAYS_AHEAD = 16


class Schedule(Protocol):
    """When somebody wants their digest."""

    digest: DigestPeriod
    weekday: int
    hour: int
    time_zone: str
    digest_sent_at: datetime | None


def zone_named(name: str) -> ZoneInfo:
    """A time zone; UTC if there is none of this name any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def counts_as_sent(due_at: datetime, sent_at: datetime) -> datetime:
    """From when the next period is reckoned."""
    return max(due_at, sent_at - LATE)


def next_digest(wanted: Schedule, after: datetime) -> datetime:
    """When the first digest after a moment is due, in UTC."""
    zone = zone_named(wanted.time_zone)
    sent_at = wanted.digest_sent_at
    # It is later than now if the clock of the server was set back.
    earliest = min(sent_at, after) + SHORTEST[wanted.digest] if sent_at else after
    today = after.astimezone(zone).date()
    moments = (
        datetime.combine(today + timedelta(days=day), time(wanted.hour), zone).astimezone(UTC)
        for day in range(DAYS_AHEAD)
        if wanted.digest == DigestPeriod.DAILY
        or (today + timedelta(days=day)).weekday() == wanted.weekday
    )
    return next(moment for moment in moments if moment > after and moment >= earliest)
