"""Detect what kind of source a file is."""

from pathlib import Path

from blog.core.i18n import lazy_gettext
from blog.transfer.format import EXPORT, MEDIA
from blog.transfer.importing.archive import Archive, Folder, SingleFile, ZipArchive, open_file
from blog.transfer.importing.post import SourceError, UnreadableError
from blog.transfer.importing.sources.bear import BearBlog
from blog.transfer.importing.sources.ghost import Ghost
from blog.transfer.importing.sources.markdown import SUFFIXES, MarkdownFiles
from blog.transfer.importing.sources.own import OwnExport
from blog.transfer.importing.sources.source import Source
from blog.transfer.importing.sources.wordpress import WordPress

HEAD_BYTES = 4096
EMPTY = lazy_gettext("This file is empty.")
UNKNOWN = lazy_gettext(
    "We found nothing to import. Please choose a ZIP file of Markdown files, as for Hugo "
    "or Jekyll, or an export from this site, WordPress (XML), Ghost (JSON) or Bear Blog "
    "(CSV)."
)


def open_source(path: Path) -> Source:
    """Open a file or a folder.

    Raises:
        SourceError: nothing in it can be imported.
    """
    if path.is_dir():
        return _source_of_archive(Folder(path))
    if path.stat().st_size == 0:
        raise SourceError(EMPTY)
    with path.open("rb") as file:
        head = file.read(HEAD_BYTES)
    if head.startswith(b"PK"):
        return _source_of_archive(ZipArchive(path))
    name = {b"<": "export.xml", b"{": "export.json"}.get(_first_character(head), "export.csv")
    return _source_of_archive(SingleFile(path, name))


def _source_of_archive(archive: Archive) -> Source:
    names = list(archive.sizes)
    if EXPORT in archive.sizes and MEDIA in archive.sizes:
        return OwnExport(archive)
    if any(name.lower().endswith(SUFFIXES) or "/_posts/" in f"/{name}" for name in names):
        return MarkdownFiles(archive)
    if files := [name for name in names if name.lower().endswith(".xml")]:
        return WordPress(archive, files)
    for name in names:
        if name.lower().endswith(".json"):
            return Ghost(archive, name)
        if name.lower().endswith(".csv") and b"all_tags" in _read_head(archive, name):
            return BearBlog(archive, name)
    if archive.refused:
        name, problem = archive.refused[0]
        raise SourceError(f"{name}: {problem}")
    raise SourceError(UNKNOWN)


def _read_head(archive: Archive, name: str) -> bytes:
    try:
        with open_file(archive, name) as file:
            return file.read(HEAD_BYTES)
    except UnreadableError:
        return b""


def _first_character(head: bytes) -> bytes:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
