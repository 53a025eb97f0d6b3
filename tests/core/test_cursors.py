"""Cursors hold a place in the order of a list, and are refused where they do not."""

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, DateTime, Text

from blog.core.db.cursors import InvalidCursorError, Order

ID = Column("id", BigInteger)
MOMENT = Column("moment", DateTime(timezone=True))
NAME = Column("name", Text)


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ([ID], [2**63 - 1]),
        ([MOMENT, ID], [datetime(2026, 11, 26, 8, 30, 0, 123457, tzinfo=UTC), 7]),
        ([MOMENT, ID], [datetime(1869, 10, 2, tzinfo=UTC), 7]),
        ([ID, NAME], [1, 'Zoë "🌱" @example.com']),
    ],
)
def test_a_cursor_is_read_as_it_was_made(columns: list[Any], place: list[Any]) -> None:
    order = Order(*columns, descending=NAME not in columns)
    cursor = order.cursor(*place)
    assert cursor.replace("-", "").replace("_", "").isalnum()
    assert order.place(cursor) == place


def test_a_time_in_another_zone_is_the_same_place() -> None:
    moment = datetime(2026, 11, 26, 8, 30, tzinfo=UTC)
    order = Order(MOMENT, ID)
    assert order.cursor(moment.astimezone(), 7) == order.cursor(moment, 7)


@pytest.mark.parametrize(
    "text",
    [
        "", "null", "[]", "[1]", "[1,2,3]", "[1,1.0]", "[true,1]", '["1",1]', "[1,null]", "1 1",
        f"[{10**18},1]", f"[{-(10**18)},1]", f"[1,{2**63}]", "[NaN,1]", "[" * 700, "[1,1]]",
    ],
)  # fmt: skip
def test_a_cursor_of_another_list_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        Order(MOMENT, ID).place(base64.urlsafe_b64encode(text.encode()).decode())


@pytest.mark.parametrize("cursor", ["@@", "é", "=", "W", "W10" * 400])
def test_an_invalid_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidCursorError):
        Order(MOMENT, ID).place(cursor)


@pytest.mark.parametrize("text", ['["\\u0000"]', '["\\ud800"]', "[1]"])
def test_a_text_that_the_database_cannot_hold_is_refused(text: str) -> None:
    with pytest.raises(InvalidCursorError):
        Order(NAME, descending=False).place(base64.urlsafe_b64encode(text.encode()).decode())


def test_without_a_cursor_a_list_begins_before_its_first_row() -> None:
    start = Order(MOMENT, ID).parameters("")
    assert start["after_0"] > datetime.now(UTC) + timedelta(days=365_000)
    assert start["after_1"] == 2**63 - 1
    assert Order(NAME, descending=False).parameters("") == {"after_0": ""}
