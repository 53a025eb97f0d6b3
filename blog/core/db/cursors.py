"""Cursors: where in a list a walk goes on, in a form that no client has to understand."""

import base64
import re
from datetime import UTC, datetime, timedelta

LARGEST_ID = 2**63 - 1
NUMBER = re.compile("[1-9][0-9]{0,18}", re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class InvalidCursorError(ValueError):
    """The text is not a cursor, or one of another list."""


def id_cursor(row_id: int) -> str:
    """The cursor behind the row with this id."""
    return _encoded(row_id)


def parsed_id(cursor: str) -> int:
    """The id of the row that a walk goes on behind.

    Raises:
        InvalidCursorError: it is not what `id_cursor` makes.
    """
    (row_id,) = _decoded(cursor, 1)
    return row_id


def moment_cursor(moment: datetime, row_id: int) -> str:
    """The cursor behind a row of a list in the order of times, and of ids where these are equal."""
    return _encoded((moment - EPOCH) // MICROSECOND, row_id)


def parsed_moment(cursor: str) -> tuple[datetime, int]:
    """The time and the id of the row that a walk goes on behind.

    Raises:
        InvalidCursorError: it is not what `moment_cursor` makes.
    """
    microseconds, row_id = _decoded(cursor, 2)
    try:
        return EPOCH + microseconds * MICROSECOND, row_id
    except OverflowError:
        raise InvalidCursorError from None


def _encoded(*place: int) -> str:
    text = " ".join(str(number) for number in place)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decoded(cursor: str, length: int) -> list[int]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
    except ValueError:
        raise InvalidCursorError from None
    place = text.split(" ")
    if len(place) != length or not all(NUMBER.fullmatch(number) for number in place):
        raise InvalidCursorError
    numbers = [int(number) for number in place]
    if max(numbers) > LARGEST_ID:
        raise InvalidCursorError
    return numbers
