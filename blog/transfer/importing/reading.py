"""The functions of the reading process, which returns the posts of a source some at a time.

The process keeps the source open between calls. If it is killed, the next process opens the source
again and skips what was read.
"""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from blog.core.i18n import format_number, lazy_gettext
from blog.transfer.importing.archive import read_content
from blog.transfer.importing.detection import open_source
from blog.transfer.importing.images import LARGEST_IMAGE
from blog.transfer.importing.post import Entry, UnreadableError, as_json

# A call returns what it has after this long.
SECONDS = 2.0
# So does a call that has texts of this many characters in total.
LONGEST_TOGETHER = 8_000_000
TOO_LONG = lazy_gettext(
    "The text has %(length)s characters. The maximum for a post is %(longest)s."
)


class _OpenSource:
    """The source that is open."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.source = open_source(Path(path))
        self.position = 0
        self._records: Iterator[Any] = self.source.records()

    def next(self) -> tuple[Any, bool]:
        """Return the next item, and whether there was one."""
        for record in self._records:
            self.position += 1
            return record, True
        return None, False


_opened: list[_OpenSource] = []


def begin(path: str) -> dict[str, Any]:
    """Open a source.

    Returns:
        Its kind, and the files that won't be read.

    Raises:
        SourceError: nothing in it can be imported.
    """
    source = _open_at(path, 0).source
    return {"kind": source.kind, "refused": [list(each) for each in source.archive.refused]}


def read(path: str, after: int, number: int, longest: int) -> dict[str, Any]:
    """Read some items.

    Args:
        after: the number of items already read.
        number: the maximum number of items to read.
        longest: the maximum length of a post, in characters.

    Returns:
        The entries, and whether these are the last.

    Raises:
        SourceError: nothing in the source can be imported.
    """
    opened, entries, length = _open_at(path, after), list[Entry](), 0
    end = time.monotonic() + SECONDS
    while len(entries) < number and (
        not entries or (length < LONGEST_TOGETHER and time.monotonic() < end)
    ):
        record, exists = opened.next()
        if not exists:
            return {"entries": as_json(tuple(entries)), "is_end": True}
        entries.append(entry := _read_entry(opened, record, longest))
        length += entry.post.length if entry.post else 0
    return {"entries": as_json(tuple(entries)), "is_end": False}


def name_of_item(path: str, after: int) -> str:
    """The name of the next item, without reading more of it."""
    opened = _open_at(path, after)
    record, exists = opened.next()
    return opened.source.name(record) if exists else ""


def copy_file(path: str, name: str, target: str) -> None:
    """Copy an image from the source to a file.

    Raises:
        UnreadableError: the image is damaged.
    """
    position = _opened[0].position if _opened else 0
    data = read_content(_open_at(path, position).source.archive, name, LARGEST_IMAGE)
    Path(target).write_bytes(data)


def _read_entry(opened: _OpenSource, record: Any, longest: int) -> Entry:
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


def _open_at(path: str, after: int) -> _OpenSource:
    """Open the source at the position after this many items, or reuse it if it's there already."""
    if not _opened or _opened[0].path != path or _opened[0].position != after:
        for each in _opened:
            each.source.archive.close()
        _opened[:] = []
        opened = _OpenSource(path)
        while opened.position < after and opened.next()[1]:
            pass
        _opened.append(opened)
    return _opened[0]
