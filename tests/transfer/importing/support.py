"""What the tests of imports act with."""

from pathlib import Path
from typing import Any

from blog.posts.schemas import LONGEST_POST
from blog.transfer.importing.detection import open_source
from blog.transfer.importing.post import Entry, ImportedPost, UnreadableError
from tests.transfer.importing.samples import File, in_folder


def saved(folder: Path, content: File | dict[str, File], name: str = "upload") -> Path:
    """A file, or a folder of files."""
    if isinstance(content, dict):
        return in_folder(folder / name, content)
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def entries(path: Path) -> list[Entry]:
    """The items of a source, read in this process."""
    source = open_source(path)

    def entry(record: Any) -> Entry:
        try:
            return source.entry(record)
        except UnreadableError as error:
            return Entry(source.name(record), remarks=(str(error),))

    return [entry(record) for record in source.records()]


def posts(path: Path) -> dict[str, ImportedPost]:
    """The posts of a source, by their titles."""
    found = [entry.post for entry in entries(path) if entry.post is not None]
    assert all(len(post.body) <= LONGEST_POST for post in found)
    return {post.title or "": post for post in found}


def remarks(path: Path) -> dict[str, tuple[str, ...]]:
    """The remarks about the items of a source, by their names."""
    return {entry.name: entry.remarks for entry in entries(path) if entry.remarks}
