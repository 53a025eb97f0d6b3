"""The order of a list, and opaque cursors for keyset pagination.

A cursor contains the sort key of the last row. So a client that follows cursors sees every row that
exists all the while exactly once, whatever else is inserted, deleted or moved.
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

# Values that sort before all others, in ascending and in descending order.
BEFORE_ALL: dict[type, tuple[Any, Any]] = {
    int: (SMALLEST_NUMBER, LARGEST_NUMBER),
    datetime: (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)),
    # No list is in descending order of texts, or of arrays of numbers.
    str: ("", None),
    list: ([], None),
}


class InvalidCursorError(ValueError):
    """The text is not a cursor of this list."""


class Order:
    """The order of a list.

    Args:
        columns: columns of numbers, times, texts or arrays of numbers, which together are unique.
        descending: whether the order is descending.

    Attributes:
        columns: the columns.
        by: the arguments of `order_by`.
        after: the values of a position, which `parameters` sets.
        is_after: whether a row comes after that position.
    """

    columns: tuple[Any, ...]
    after: tuple[ColumnElement[Any], ...]
    by: tuple[ColumnElement[Any], ...]
    is_after: ColumnElement[bool]

    def __init__(self, *columns: Any, descending: bool = True) -> None:
        self.columns = columns
        self._types: list[type] = [column.type.python_type for column in columns]
        self._names = [f"after_{number}" for number in range(len(columns))]
        starts = [BEFORE_ALL[each][descending] for each in self._types]
        self._start = dict(zip(self._names, starts, strict=True))
        self.after = tuple(
            bindparam(name, type_=column.type)
            for name, column in zip(self._names, columns, strict=True)
        )
        self.by = tuple(column.desc() if descending else column for column in columns)
        place, named = tuple_(*columns), tuple_(*self.after)
        self.is_after = place < named if descending else place > named

    def parameters(self, cursor: str) -> dict[str, Any]:
        """The parameters of `is_after`; without a cursor, the position before the first row.

        Raises:
            InvalidCursorError: as `place`.
        """
        return dict(zip(self._names, self.place(cursor), strict=True)) if cursor else self._start

    def cursor(self, *place: Any) -> str:
        """The cursor of a row with this sort key."""
        text = json.dumps([_to_json(value) for value in place], separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    def place(self, cursor: str) -> Sequence[Any]:
        """The sort key in `cursor`.

        Raises:
            InvalidCursorError: it is not a cursor of this list.
        """
        if len(cursor) > LONGEST_CURSOR:
            raise InvalidCursorError
        try:
            values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            if not isinstance(values, list):
                raise InvalidCursorError
            return [_from_json(*pair) for pair in zip(values, self._types, strict=True)]
        except (ValueError, OverflowError, RecursionError):
            raise InvalidCursorError from None


def _to_json(value: Any) -> int | str | list[int]:
    if isinstance(value, datetime):
        return (value - EPOCH) // MICROSECOND
    return value  # type: ignore[no-any-return]


def _from_json(value: Any, wanted: type) -> Any:
    if wanted is str:
        # PostgreSQL supports neither NUL nor surrogates, which make `encode` fail.
        if isinstance(value, str) and b"\0" not in value.encode():
            return value
    elif wanted is list:
        if isinstance(value, list):
            return [_from_json(each, int) for each in value]
    # In Python `True` is an `int`.
    elif type(value) is int and SMALLEST_NUMBER <= value <= LARGEST_NUMBER:
        return EPOCH + value * MICROSECOND if wanted is datetime else value
    raise InvalidCursorError
