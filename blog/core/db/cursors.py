"""The order of a list, and cursors: after which row it goes on, in a form that nobody has to read.

A cursor holds what the last row that was shown has in the columns of the order. So whoever follows
cursors sees each row once that was there all along, whatever comes, goes or moves meanwhile.
"""

import base64
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, bindparam, tuple_

SMALLEST_NUMBER, LARGEST_NUMBER = -(2**63), 2**63 - 1
LONGEST_CURSOR = 1000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

# What comes before each value of a column, in ascending and in descending order.
BEFORE_ALL: dict[type, tuple[Any, Any]] = {
    int: (SMALLEST_NUMBER, LARGEST_NUMBER),
    datetime: (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    # Nothing is in the descending order of texts.
    str: ("", None),
}


class InvalidCursorError(ValueError):
    """The text is not a cursor, or one of another list."""


class Order:
    """The order of a list.

    Args:
        columns: numbers, times or texts. No two rows have all of them in common.
        descending: whether the greatest come first.

    Attributes:
        columns: the columns.
        by: for `order_by`.
        is_after: whether a row comes after the place that `parameters` names.
    """

    columns: tuple[Any, ...]
    by: tuple[ColumnElement[Any], ...]
    is_after: ColumnElement[bool]

    def __init__(self, *columns: Any, descending: bool = True) -> None:
        self.columns = columns
        self._types: list[type] = [column.type.python_type for column in columns]
        self._names = [f"after_{number}" for number in range(len(columns))]
        starts = [BEFORE_ALL[each][descending] for each in self._types]
        self._start = dict(zip(self._names, starts, strict=True))
        values = [
            bindparam(name, type_=column.type)
            for name, column in zip(self._names, columns, strict=True)
        ]
        self.by = tuple(column.desc() if descending else column for column in columns)
        place, named = tuple_(*columns), tuple_(*values)
        self.is_after = place < named if descending else place > named

    def parameters(self, cursor: str) -> dict[str, Any]:
        """The values for `is_after`; those before the first row where there is no cursor.

        Raises:
            InvalidCursorError: as `place`.
        """
        return dict(zip(self._names, self.place(cursor), strict=True)) if cursor else self._start

    def cursor(self, *place: Any) -> str:
        """The cursor of a row with these values in the columns of the order."""
        text = json.dumps([_plain(value) for value in place], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def place(self, cursor: str) -> Sequence[Any]:
        """The values that `cursor` was made of.

        Raises:
            InvalidCursorError: it was not made of such values.
        """
        if len(cursor) > LONGEST_CURSOR:
            raise InvalidCursorError
        try:
            values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            if not isinstance(values, list):
                raise InvalidCursorError
            return [_parsed(*pair) for pair in zip(values, self._types, strict=True)]
        except (ValueError, OverflowError, RecursionError):
            raise InvalidCursorError from None


def _plain(value: Any) -> int | str:
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND
    return value  # type: ignore[no-any-return]


def _parsed(value: Any, wanted: type) -> Any:
    if wanted is str:
        # PostgreSQL has neither NUL nor half a surrogate pair, at which `encode` fails.
        if isinstance(value, str) and b"\0" not in value.encode():
            return value
    # Of the numbers of JSON, `True` is an `int` for Python.
    elif type(value) is int and SMALLEST_NUMBER <= value <= LARGEST_NUMBER:
        return EPOCH + value * MICROSECOND if wanted is datetime else value
    raise InvalidCursorError
