"""When the next digest is due.

A digest is due at a local hour in its recipient's time zone. If the clocks skip that hour, it is
due in the next one, and if the hour occurs twice, in the first one. Two digests are at least nearly
one period apart, whatever changes in between: the hour, the zone, or the zone's rules.
"""

from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from blog.models.mail_preference import DigestPeriod

# Shorter than a period by more than clocks are ever changed.
SHORTEST = {
    DigestPeriod.DAILY: timedelta(hours=20),
    DigestPeriod.WEEKLY: timedelta(days=6, hours=12),
}
# A late digest counts as sent this much earlier, but not before its time, so that the next one
# isn't skipped.
LATE = timedelta(hours=8)
# Long enough to contain the chosen weekday at a time that is late enough.
DAYS_AHEAD = 16


class Schedule(Protocol):
    """When a person wants their digest."""

    digest: DigestPeriod
    weekday: int
    hour: int
    time_zone: str
    digest_sent_at: datetime | None


def find_zone(name: str) -> ZoneInfo:
    """Find a time zone; UTC if there is none with this name any more."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def effective_sent_at(due_at: datetime, sent_at: datetime) -> datetime:
    """The time from which the next period counts."""
    return max(due_at, sent_at - LATE)


def next_digest(wanted: Schedule, after: datetime) -> datetime:
    """When the first digest after a time is due, in UTC."""
    zone = find_zone(wanted.time_zone)
    sent_at = wanted.digest_sent_at
    # `sent_at` is in the future if the server's clock was set back.
    earliest = min(sent_at, after) + SHORTEST[wanted.digest] if sent_at else after
    today = after.astimezone(zone).date()
    times = (
        datetime.combine(today + timedelta(days=day), time(wanted.hour), zone).astimezone(UTC)
        for day in range(DAYS_AHEAD)
        if wanted.digest == DigestPeriod.DAILY
        or (today + timedelta(days=day)).weekday() == wanted.weekday
    )
    return next(due_at for due_at in times if due_at > after and due_at >= earliest)
