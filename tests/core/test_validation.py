"""Lengths are checked before any other validation."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import ValidationError

from blog import create_app
from blog.core.text.validation import Schema

# Normalising this takes a minute: each kind of mark has to be sorted behind the other.
MARKS = "\u0301" * 175_000 + "\u0316" * 175_000
# An address that is long in one part and in both.
ADDRESS = f"{MARKS}@example.com"


def schemas(base: type[Schema] = Schema) -> Iterator[type[Schema]]:
    """All schemas that the application has."""
    for schema in base.__subclasses__():
        yield schema
        yield from schemas(schema)


FIELDS = [
    (schema, name)
    for schema in sorted(set(schemas()), key=lambda schema: schema.__qualname__)
    if schema.__module__.startswith("blog.")
    for name in schema.model_fields
]


def test_the_sweep_knows_the_schemas_of_the_application() -> None:
    assert create_app  # Importing it imports every feature.
    assert len(FIELDS) > 40
    assert {"email", "username", "password2", "about_me", "body"} <= {name for _, name in FIELDS}


@pytest.mark.parametrize(
    "text",
    [MARKS, ADDRESS, f"a{MARKS}", f"{MARKS}@{MARKS}", "x" * 2**20],
    ids=["marks", "an address", "a letter with marks", "marks at marks", "letters"],
)
def test_a_text_of_a_megabyte_is_refused_at_once(text: str) -> None:
    slow, accepted = [], []
    for schema, name in FIELDS:
        field = f"{schema.__qualname__}.{name}"
        values: dict[str, Any] = {name: text}
        started = time.process_time()
        try:
            schema.model_validate(values)
        except ValidationError as refusal:
            if name not in {problem["loc"][0] for problem in refusal.errors()}:
                accepted.append(field)
        else:
            accepted.append(field)
        if time.process_time() - started >= 1:
            slow.append(field)
    assert (slow, accepted) == ([], [])
