"""Error messages for settings: one line per invalid or misspelt setting."""

import difflib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from dotenv.parser import parse_stream
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

# The minimum similarity of a misspelt name. Shorter names are similar by chance.
ALIKE = 0.85
SHORTEST_NAME = 6


def find_file_error(file: Path, *, required: bool) -> str | None:
    """Explain why a `.env` file can't be read; `None` if it can.

    Args:
        file: its path.
        required: whether it has to exist.
    """
    try:
        content = file.read_bytes()
    except FileNotFoundError:
        return f"{file}: this file, named by ENV_FILE, doesn't exist" if required else None
    except OSError as error:
        return f"{file}: can't be read: {str(error.strerror).lower()}"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        return f"{file}: is UTF-16; save it as UTF-8"
    try:
        content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return f"{file}: isn't UTF-8 (see line {line}); save it as UTF-8"
    with file.open(encoding="utf-8-sig") as stream:
        for binding in parse_stream(stream):
            if binding.error or (binding.key is not None and binding.value is None):
                # Its line number is that of the preceding blank lines.
                text = binding.original.string
                line = binding.original.line + text[: -len(text.lstrip())].count("\n")
                return f"{file}: line {line} isn't a setting; for example SITE_NAME='My site'"
    return None


def all_names(file: Path) -> Iterator[str]:
    """Yield all names in a `.env` file and in the environment."""
    if file.exists():
        with file.open(encoding="utf-8-sig") as stream:
            yield from (binding.key for binding in parse_stream(stream) if binding.key)
    yield from os.environ


def find_misspelt(names: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    """Yield a line for each name that is not a setting, but looks like one.

    Args:
        names: the names that are set.
        known: the names of all settings, in upper case.
    """
    settings = list(known)
    for name in sorted({name.upper() for name in names} - set(settings)):
        if len(name) < SHORTEST_NAME:
            continue
        if alike := difflib.get_close_matches(name, settings, 1, ALIKE):
            yield f"{name}: isn't a setting and has no effect; did you mean {alike[0]}?"


def error_lines(error: ValidationError, fields: dict[str, FieldInfo]) -> Iterator[str]:
    """Yield a line for each invalid setting: its name, the problem, and an example.

    Values are not shown: they may be secret.

    Args:
        error: the validation error.
        fields: the fields of all settings, with examples.
    """
    for problem in error.errors(include_url=False, include_input=False):
        name = str(problem["loc"][0])
        field = fields[name]
        example = f"{name.upper()}={(field.examples or [''])[0]}"
        yield f"{name.upper()}: {_describe_problem(problem, field)}; for example {example}"


def _describe_problem(problem: ErrorDetails, field: FieldInfo) -> str:
    """Describe a problem without pydantic's terms."""
    kind, context = problem["type"], problem.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "enum":
        # "'development', 'testing' or 'production'"
        return "must be " + str(context["expected"]).replace("'", "")
    if kind.startswith("bool"):
        return "must be true or false"
    if field.annotation is int:
        return f"must be a whole number{_range(field)}"
    return f"must be a number{_range(field)}"


def _range(field: FieldInfo) -> str:
    """The range of a numeric setting."""
    limits: dict[str, Any] = {}
    for bound in field.metadata:
        for name in ("ge", "le"):
            if (value := getattr(bound, name, None)) is not None:
                limits[name] = value
    if len(limits) == 2:
        return f" from {limits['ge']} to {limits['le']}"
    return f" of at least {limits['ge']}" if limits else ""
