"""Local times ("wall time") in a time zone, by its IANA name.

When the clocks change, a local time may not exist, or occur twice (PEP 495).
"""

import re
from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any
from zoneinfo import ZoneInfo, available_timezones

from pydantic import BeforeValidator, WithJsonSchema

from blog.core.i18n import lazy_gettext

NO_TIME = lazy_gettext("Please enter a date and time, such as 2026-12-01T09:30.")
NO_ZONE = lazy_gettext("Please choose a time zone, such as Europe/Lisbon.")
NEVER_COMES = lazy_gettext(
    "This time doesn't exist because the clocks go forward. Please choose another one."
)

# As `<input type="datetime-local">` sends it (HTML Standard, "local date and time string").
_FORM = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:00)?"
zone_names = cache(available_timezones)


def utc_time(wall: datetime, zone: str) -> datetime:
    """Convert a local time to UTC; if it occurs twice, to the first occurrence.

    Raises:
        ValueError: it does not exist.
    """
    place = ZoneInfo(zone)
    time = wall.replace(tzinfo=place, fold=0).astimezone(UTC)
    if time.astimezone(place).replace(tzinfo=None) != wall:
        raise ValueError(NEVER_COMES)
    return time


def is_ambiguous(wall: datetime, zone: str) -> bool:
    """Whether a local time occurs twice, because the clocks go back."""
    place = ZoneInfo(zone)
    first, second = (wall.replace(tzinfo=place, fold=fold).utcoffset() for fold in (0, 1))
    return first != second


def wall_text(wall: datetime) -> str:
    """`2026-12-01T09:30`."""
    return wall.isoformat(timespec="minutes")


def _wall_time(value: Any) -> datetime | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not re.fullmatch(_FORM, value):
        raise ValueError(NO_TIME)
    try:
        return datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(NO_TIME) from None


def _time_zone(value: Any) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str) or value not in zone_names():
        raise ValueError(NO_ZONE)
    return value


# Both are `None` for an empty value.
WallTime = Annotated[
    datetime | None,
    BeforeValidator(_wall_time),
    WithJsonSchema({"type": ["string", "null"], "pattern": f"^({_FORM})?$"}),
]
TimeZone = Annotated[str | None, BeforeValidator(_time_zone)]
