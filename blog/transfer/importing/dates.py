"""The dates of other blogs, in their many notations."""

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from blog.core.i18n import lazy_gettext

# Time zones reach up to a day around these.
# What is said of a date that a post can't have.
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

EARLIEST, LATEST = 1000, 2999
# How Go writes a time that is not set, and MySQL.
NONE = ("0001-01-01", "0000-00-00")
_OFFSET = re.compile(r"\s+(?=[+-][0-9]{2}:?[0-9]{2}$)")
_UTC = re.compile(r"\s*(UTC|GMT)$", re.IGNORECASE)
_EPOCH = re.compile("-?[0-9]{9,13}")
# Larger numbers are milliseconds.
_MOST_SECONDS = 10**11


def date_of(value: Any) -> datetime | None:
    """A date, with the time of the day if there is one; UTC unless it has an offset.

    Args:
        value: a text, or a number of seconds or milliseconds since 1970.

    Returns:
        The time in UTC; `None` if none is set.

    Raises:
        ValueError: it is no date that a post can have; the message is the value in quotation marks.
    """
    if value is None or value == "":
        return None
    moment = _moment(value)
    if moment is None:
        return None
    if not EARLIEST <= moment.year <= LATEST:
        raise ValueError(f"“{moment.year:04}”")
    if moment.tzinfo is None:
        return moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC)


def _moment(value: Any) -> datetime | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _since_1970(float(value))
    if not isinstance(value, str):
        raise ValueError(f"“{str(value)[:60]}”")
    text = value.strip()[:60]
    if not text or text.startswith(NONE):
        return None
    if _EPOCH.fullmatch(text):
        return _since_1970(float(text))
    try:
        return datetime.fromisoformat(_UTC.sub("+00:00", _OFFSET.sub("", text)))
    except ValueError:
        pass
    try:
        # RFC 5322, as feeds have it.
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        raise ValueError(f"“{text}”") from None


def _since_1970(number: float) -> datetime:
    seconds = number / 1000 if abs(number) >= _MOST_SECONDS else number
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        raise ValueError(f"“{number:g}”") from None
