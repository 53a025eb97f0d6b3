"""Cursors: where in a list a walk goes on, in a form that no client has to understand."""

import base64
import binascii
import json
from datetime import datetime

LARGEST_ID = 2**63 - 1


class InvalidCursorError(ValueError):
    """The text is not a cursor, or one of another list."""


def id_cursor(row_id: int) -> str:
    """The cursor behind the row with this id."""
    return _encoded([row_id])


def parsed_id(cursor: str) -> int:
    """The id of the row that a walk goes on behind.

    Raises:
        InvalidCursorError: it is not what `id_cursor` makes.
    """
    match _decoded(cursor):
        case [int(row_id)] if 0 < row_id <= LARGEST_ID:
            return row_id
    raise InvalidCursorError


def moment_cursor(moment: datetime, row_id: int) -> str:
    """The cursor behind a row of a list in the order of times, and of ids where these are equal."""
    return _encoded([moment.isoformat(), row_id])


def parsed_moment(cursor: str) -> tuple[datetime, int]:
    """The time and the id of the row that a walk goes on behind.

    Raises:
        InvalidCursorError: it is not what `moment_cursor` makes.
    """
    match _decoded(cursor):
        case [str(text), int(row_id)] if 0 < row_id <= LARGEST_ID:
            try:
                moment = datetime.fromisoformat(text)
            except ValueError:
                raise InvalidCursorError from None
            if moment.tzinfo is not None:
                return moment, row_id
    raise InvalidCursorError


def _encoded(place: list[object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def _decoded(cursor: str) -> object:
    try:
        return json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        raise InvalidCursorError from None
