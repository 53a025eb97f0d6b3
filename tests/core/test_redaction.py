"""Redaction of values in database errors."""

import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from blog.core.web.app import Broadside

TAKEN = "INSERT INTO roles (name, permissions, is_default) SELECT :word, 0, false FROM roles"


@pytest.mark.parametrize(
    ("statement", "values", "kept"),
    [
        (TAKEN, {"word": "sekrit"}, 'unique constraint "'),
        ("INSERT INTO roles (name) VALUES (:word)", {"word": "sekrit"}, "violates not-null"),
        ("SELECT CAST(CAST(:word AS text) AS int)", {"word": "sekrit"}, "syntax for type integer"),
        ("SELECT CAST(:word AS int)", {"word": "sekrit"}, "invalid input for query argument $1"),
        ("SELECT CAST(:word AS uuid)", {"word": "sekrit"}, "invalid input for query argument $1"),
    ],
)
async def test_an_error_says_what_is_wrong_without_the_value(
    app: Broadside, statement: str, values: dict[str, object], kept: str
) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with app.database.engine.begin() as connection:
            await connection.execute(text(statement), values)
    trace = "".join(traceback.format_exception(caught.value))
    assert kept in trace
    assert "sekrit" not in trace.replace(repr(values), "")
