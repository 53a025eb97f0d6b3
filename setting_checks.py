"""What an operator is told of settings: a line for each that is wrong or that is not one."""

import difflib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

# Below it a name is not taken for a slip of another one; shorter names are alike by chance.
ALIKE = 0.85
SHORTEST_NAME = 6


def unreadable(file: Path, *, required: bool) -> str | None:
    """Say why a `.env` cannot be read, if it cannot.

    Args:
        file: its path.
        required: whether it has to be there.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return f"{file}: there is no such file, which ENV_FILE names" if required else None
    except OSError as error:
        return f"{file}: cannot be read: {str(error.strerror).lower()}"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        return f"{file}: is written in UTF-16; save it as UTF-8"
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"{file}: is not written in UTF-8, see line {line}; save it as UTF-8"
    with file.open(encoding="utf-8-sig") as stream:
        for binding in parse_stream(stream):
            if binding.error or (binding.key is not None and binding.value is None):
                # Its line is that of the empty ones before it.
                text = binding.original.string
                line = binding.original.line + text[: -len(text.lstrip())].count("\n")
                return f"{file}: line {line} is not a setting; for example SITE_NAME='My site'"
    return None


def written_names(file: Path) -> Iterator[str]:
    """Every name in a `.env` that can be read, and in the environment."""
    if file.exists():
        with file.open(encoding="utf-8-sig") as stream:
            yield from (binding.key for binding in parse_stream(stream) if binding.key)
    yield from os.environ


def misspelt(names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """A line for each name that is no setting, but looks like one.

    Args:
        names: what is set.
        known: the names of all settings, in capitals.
    """
    settings = list(known)
    for name in sorted({name.upper() for name in names} - set(settings)):
        if len(name) < SHORTEST_NAME:
            continue
        if alike := difflib.get_close_matches(name, settings, 1, ALIKE):
            yield f"{name}: is not a setting, and does nothing; {alike[0]} is one"


def lines(error: ValidationError, fields: dict[str, FieldInfo]) -> Iterator[str]:
    """A line for each setting that is wrong: its name, what is wrong, and what is right.

    No value is repeated: it may be a secret.

    Args:
        error: pydantic's.
        fields: all settings, with an example of each.
    """
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0])
        field = fields[name]
        example = f"{name.upper()}={(field.examples or [''])[0]}"
        yield f"{name.upper()}: {_words(problem, field)}; for example {example}"


def _words(problem: ErrorDetails, field: FieldInfo) -> str:
    """What is wrong, in words for somebody who has never heard of pydantic."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "enum":
        # It is "'development', 'testing' or 'production'".
        return "must be " + str(context["expected"]).replace("'", "")
    if kind.startswith("bool"):
        return "must be true or false"
    if field.annotation is int:
        return f"must be a whole number{_range(field)}"
    return f"must be a number{_range(field)}"


def _range(field: FieldInfo) -> str:
    """Between which numbers a setting has to be."""
    limits: dict[str, Any] = {}
    for bound in field.metadata:
        for name in ("ge", "le"):
            if (value := getattr(bound, name, None)) is not None:
                limits[name] = value
    if len(limits) == 2:
        return f" from {limits['ge']} to {limits['le']}"
    return f" of at least {limits['ge']}" if limits else ""
