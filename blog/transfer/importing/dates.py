"""Parse the dates of other blogs, in their many notations."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from blog.core.i18n import lazy_gettext

# Remarks on dates that a post can't have.
NO_DATE = lazy_gettext("The date is skipped: %(value)s isn't a valid date for a post.")
NO_CREATED = lazy_gettext(
    "The date of its first draft is skipped: %(value)s isn't a valid date for a post."
)
NO_EDITED = lazy_gettext(
    "The date of its last change is skipped: %(value)s isn't a valid date for a post."
)
NO_PINNED = lazy_gettext("The date of its pin is skipped: %(value)s isn't a valid date for a post.")
NO_REVISED = lazy_gettext(
    "The date of its revision is skipped: %(value)s isn't a valid date for a post."
)
NO_SAVED = lazy_gettext(
    "The date of its unpublished changes is skipped: %(value)s isn't a valid date for a post."
)
NO_EXPIRY = lazy_gettext("The expiry date is skipped: %(value)s isn't a valid date for a post.")
NO_DATE_OF_REVISION = lazy_gettext(
    "The date of its revision %(number)s is skipped: %(value)s isn't a valid date for a post."
)
NO_DATE_OF_COMMENT = lazy_gettext(
    "The date of comment %(number)s is skipped: %(value)s isn't a valid date for a post."
)

# Years. Converting to a time zone may add or subtract a day.
EARLIEST, LATEST = 1000, 2999
# How Go and MySQL write a time that isn't set.
UNSET = ("0001-01-01", "0000-00-00")
_OFFSET = re.compile(r"\s+(?=[+-][0-9]{2}:?[0-9]{2}$)")
_UTC = re.compile(r"\s*(UTC|GMT)$", re.IGNORECASE)
_EPOCH = re.compile("-?[0-9]{9,13}")
# Larger timestamps are in milliseconds.
_LARGEST_SECONDS = 10**11


def parse_date(value: Any) -> datetime | None:
    """Parse a date, with or without a time of day; UTC unless it has an offset.

    Args:
        value: a string, or the number of seconds or milliseconds since 1970.

    Returns:
        The time in UTC; `None` if none is set.

    Raises:
        ValueError: it isn't a date that a post can have; the message is the value in quotes.
    """
    if value is None or value == "":
        return None
    time = _parse(value)
    if time is None:
        return None
    if not EARLIEST <= time.year <= LATEST:
        raise ValueError(f"“{time.year:04}”")
    if time.tzinfo is None:
        return time.replace(tzinfo=UTC)
    return time.astimezone(UTC)


def _parse(value: Any) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _from_timestamp(float(value))
    if not isinstance(value, str):
        raise ValueError(f"“{str(value)[:60]}”")
    text = value.strip()[:60]
    if not text or text.startswith(UNSET):
        return None
    if _EPOCH.fullmatch(text):
        return _from_timestamp(float(text))
    try:
        return datetime.fromisoformat(_UTC.sub("+00:00", _OFFSET.sub("", text)))
    except ValueError:
        pass
    try:
        # RFC 5322, as in feeds.
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        raise ValueError(f"“{text}”") from None


def _from_timestamp(number: float) -> datetime:
    seconds = number / 1000 if abs(number) >= _LARGEST_SECONDS else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise ValueError(f"“{number:g}”") from None
