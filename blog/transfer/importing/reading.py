"""What the reading process does: it finds the posts of a source, some at a time.

The process keeps the source open between the calls. If it was ended, the next one opens it again,
and passes over what was read.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blog.core.i18n import format_number, lazy_gettext
from blog.transfer.importing.archive import content
from blog.transfer.importing.detection import open_source
from blog.transfer.importing.images import LARGEST_IMAGE
from blog.transfer.importing.post import Entry, UnreadableError, as_json

# A call returns after so long, with what it has.
SECONDS = 2.0
# So does one that has texts of so many characters.
LONGEST_TOGETHER = 8_000_000
TOO_LONG = lazy_gettext(
    "The text has %(length)s characters. The maximum for a post is %(longest)s."
)


class _Open:
    """The source that is open."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.source = open_source(Path(path))
        self.position = 0
        self._records: Iterator[Any] = self.source.records()

    def next(self) -> tuple[Any, bool]:
        """The next item, and whether there is one."""
        for record in self._records:
            self.position += 1
            return record, True
        return None, False


_open: list[_Open] = []


def begin(path: str) -> dict[str, Any]:
    """Open a source.

    Returns:
        What kind it is, and the files that are not read.

    Raises:
        SourceError: nothing of it can be imported.
    """
    source = _at(path, 0).source
    return {"kind": source.kind, "refused": [list(each) for each in source.archive.refused]}


def read(path: str, after: int, number: int, longest: int) -> dict[str, Any]:
    """Read some items.

    Args:
        after: how many have been read.
        number: how many to read at most.
        longest: how many characters a post may have.

    Returns:
        The entries, and whether these are the last.

    Raises:
        SourceError: nothing of the source can be imported.
    """
    opened, entries, length = _at(path, after), list[Entry](), 0
    end = time.monotonic() + SECONDS
    while len(entries) < number and (
        not entries or (length < LONGEST_TOGETHER and time.monotonic() < end)
    ):
        record, is_one = opened.next()
        if not is_one:
            return {"entries": as_json(tuple(entries)), "is_end": True}
        entries.append(entry := _entry(opened, record, longest))
        length += entry.post.length if entry.post else 0
    return {"entries": as_json(tuple(entries)), "is_end": False}


def name_of_item(path: str, after: int) -> str:
    """What the owner knows the next item by, without reading more of it."""
    opened = _at(path, after)
    record, is_one = opened.next()
    return opened.source.name(record) if is_one else ""


def copy_file(path: str, name: str, target: str) -> None:
    """Copy an image of the source.

    Raises:
        UnreadableError: it is damaged.
    """
    position = _open[0].position if _open else 0
    data = content(_at(path, position).source.archive, name, LARGEST_IMAGE)
    Path(target).write_bytes(data)


def _entry(opened: _Open, record: Any, longest: int) -> Entry:
    try:
        entry = opened.source.entry(record)
    except UnreadableError as error:
        return Entry(opened.source.name(record), remarks=(str(error),))
    length = len(entry.post.body) if entry.post else 0
    if length > longest:
        remark = str(
            TOO_LONG.with_values(length=format_number(length), longest=format_number(longest))
        )
        return Entry(entry.name, remarks=(remark,))
    return entry


def _at(path: str, after: int) -> _Open:
    """The source, opened where so many items have been read."""
    if not _open or _open[0].path != path or _open[0].position != after:
        for each in _open:
            each.source.archive.close()
        _open[:] = []
        opened = _Open(path)
        while opened.position < after and opened.next()[1]:
            pass
        _open.append(opened)
    return _open[0]
