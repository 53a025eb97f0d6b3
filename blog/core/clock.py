"""The current time, in one place that tests can replace: UTC and timezone-aware."""

from datetime import UTC, datetime


def now() -> datetime:
    """The current time in UTC."""
    return datetime.now(UTC)
