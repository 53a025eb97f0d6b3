"""Read the rows of tables in a JSON file, which is parsed as a stream."""

from collections.abc import Collection, Iterator
from typing import Any

import ijson
from ijson.common import JSONError

from blog.core.i18n import lazy_gettext
from blog.transfer.importing.archive import MIB, Archive, open_file
from blog.transfer.importing.post import SourceError, UnreadableError

LARGEST_LIST = 64 * MIB
LONGEST_VALUE = 2 * MIB
DEEPEST = 100
SIMPLE = {"string", "number", "boolean"}

TOO_DEEP = lazy_gettext("The JSON file is nested too deeply.")
JSON_ERRORS = (JSONError, UnicodeDecodeError, ValueError, OverflowError, RecursionError)

# The keys that lead to a value; the key of a list item is empty.
Path = tuple[str, ...]


def read_rows(
    content: Any, tables: Collection[Path], columns: Collection[str]
) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the objects in some lists, with their strings, numbers and booleans.

    `ijson.items` would need memory quadratic in the depth of the file.

    Args:
        content: the file.
        tables: the paths of the lists.
        columns: the keys to read in each object.

    Raises:
        SourceError: the file is nested too deeply.
        JSON_ERRORS: the file is damaged.
    """
    row: dict[str, Any] = {}
    for path, event, value in _events(content):
        if event == "start_map" and path[:-1] in tables and path:
            row = {}
        elif event == "end_map" and path[:-1] in tables and path:
            yield path[:-1], row
        elif event in SIMPLE and len(path) > 1 and path[:-2] in tables and path[-1] in columns:
            row[path[-1]] = value[:LONGEST_VALUE] if isinstance(value, str) else value


def read_rows_of_file(
    archive: Archive, file: str, columns: Collection[str]
) -> Iterator[dict[str, Any]]:
    """Yield the objects in a file that is a list; nothing if there is no such file.

    Args:
        columns: as in `read_rows`.

    Raises:
        UnreadableError: the file is damaged from here on, or too large.
    """
    if file not in archive.sizes:
        return
    if archive.sizes[file] > LARGEST_LIST:
        raise UnreadableError
    with open_file(archive, file) as content:
        try:
            for _, row in read_rows(content, {()}, columns):
                yield row
        except (*JSON_ERRORS, SourceError):
            raise UnreadableError from None


def _events(content: Any) -> Iterator[tuple[Path, str, Any]]:
    """Yield the events of a JSON file, each with the keys that lead to it."""
    path: list[str] = []
    for event, value in ijson.basic_parse(content, use_float=True):
        if event == "map_key":
            path[-1] = value
            continue
        if event in {"end_map", "end_array"}:
            path.pop()
        yield tuple(path), event, value
        if event in {"start_map", "start_array"}:
            path.append("")
            if len(path) > DEEPEST:
                raise SourceError(TOO_DEEP)
