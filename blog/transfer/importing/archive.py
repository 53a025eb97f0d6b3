"""The files of a source: of a zip file, which anybody may have made, or of a folder."""

import lzma
import os
import stat
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Protocol
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, LargeZipFile, ZipFile, ZipInfo

from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext, ngettext
from blog.transfer.importing.post import SourceError, UnreadableError

MIB = 1024 * 1024
MOST_FILES = 50_000
LARGEST_TOTAL = 4 * 1024 * MIB
# A larger file that was compressed more than this is no text and no image.
MOST_COMPRESSED, HARMLESS = 200, 4 * MIB
LONGEST_NAME = 500

NOT_A_ZIP = lazy_gettext("This isn't a ZIP file, or it's incomplete. Please export it again.")
TOO_LARGE = lazy_gettext(
    "Its files are more than %(size)s GB in total.", size=LARGEST_TOTAL // MIB // 1024
)
ENCRYPTED = lazy_gettext("It's password-protected. Please save it without a password.")
# What the systems of authors add.
IGNORED = ("__MACOSX", "node_modules")


class Archive(Protocol):
    """Files with names such as `posts/hello.md`.

    Attributes:
        sizes: of each file, in bytes, by its name. The order is that of the names.
        refused: the files that are not read, with the reason.
    """

    sizes: dict[str, int]
    refused: list[tuple[str, str]]

    def open(self, name: str) -> IO[bytes]:
        """Open a file."""

    def close(self) -> None:
        """Release what is open."""


@contextmanager
def reading(archive: Archive, name: str) -> Iterator[IO[bytes]]:
    """Open a file to read it.

    Raises:
        UnreadableError: it is damaged.
    """
    try:
        with archive.open(name) as file:
            yield file
    except (BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError):
        raise UnreadableError(_("The file is damaged and can't be read.")) from None


def content(archive: Archive, name: str, largest: int) -> bytes:
    """The content of a file.

    Raises:
        UnreadableError: it is damaged, or larger.
    """
    with reading(archive, name) as file:
        # What is written in the archive of its size may be wrong.
        read = file.read(largest + 1)
    if len(read) > largest:
        size = f"{largest // MIB} MB" if largest >= MIB else f"{largest // 1024} kB"
        raise UnreadableError(_("The file is larger than %(size)s.", size=size))
    return read


class ZipArchive:
    """The files of a zip file."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = ZipFile(path)
            files = self._zip.infolist()
        except (BadZipFile, LargeZipFile, OSError, EOFError, ValueError, NotImplementedError):
            raise SourceError(NOT_A_ZIP) from None
        if len(files) > MOST_FILES:
            raise _too_many()
        if any(file.flag_bits & 1 for file in files):
            raise SourceError(ENCRYPTED)
        if sum(file.file_size for file in files) > LARGEST_TOTAL:
            raise SourceError(TOO_LARGE)
        self._files: dict[str, ZipInfo] = {}
        self.refused: list[tuple[str, str]] = []
        for file in files:
            if file.is_dir() or _is_ignored(file.filename):
                continue
            if problem := self._problem(file):
                self.refused.append((shown(file.filename), problem))
            else:
                self._files[file.filename] = file
        self.sizes = {name: self._files[name].file_size for name in sorted(self._files)}

    def _problem(self, file: ZipInfo) -> str | None:
        """Why a file is not read, if there is a reason."""
        if file.filename in self._files:
            return _("There are two files with this name. The first one is used.")
        if not is_safe(file.filename):
            return _("Its path is outside the archive.")
        if stat.S_ISLNK(file.external_attr >> 16):
            return _("It's a link to another file.")
        if file.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            return _("Its compression method isn't supported.")
        compressed = max(1, file.compress_size)
        if file.file_size > HARMLESS and file.file_size > MOST_COMPRESSED * compressed:
            return _("It expands to many times its size.")
        return None

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(self._files[name])

    def close(self) -> None:
        self._zip.close()


class Folder:
    """The files below a folder; links are not followed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.refused: list[tuple[str, str]] = []
        self.sizes: dict[str, int] = {}
        found = sorted(self._walk())
        if len(found) > MOST_FILES:
            raise _too_many()
        for name, size in found:
            self.sizes[name] = size

    def _walk(self) -> Iterator[tuple[str, int]]:
        for folder, subfolders, files in os.walk(self._path):
            subfolders[:] = [name for name in subfolders if not _is_ignored(name)]
            for name in files:
                path = Path(folder, name)
                relative = path.relative_to(self._path).as_posix()
                if _is_ignored(relative):
                    continue
                if path.is_symlink():
                    self.refused.append((shown(relative), _("It's a link to another file.")))
                elif path.is_file():
                    yield relative, path.stat().st_size

    def open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("rb")

    def close(self) -> None:
        pass


class SingleFile:
    """A file by itself."""

    def __init__(self, path: Path, name: str) -> None:
        self._path = path
        self.sizes = {name: path.stat().st_size}
        self.refused: list[tuple[str, str]] = []

    def open(self, name: str) -> IO[bytes]:
        return self._path.open("rb")

    def close(self) -> None:
        pass


def is_safe(name: str) -> bool:
    """Whether a name stays within the archive."""
    if "\\" in name or name.startswith("/") or (len(name) > 1 and name[1] == ":"):
        return False
    return ".." not in PurePosixPath(name).parts and len(name) <= LONGEST_NAME


def shown(name: str) -> str:
    """A name without characters that control a terminal or a page."""
    seen = "".join(each if unicodedata.category(each)[0] != "C" else "\ufffd" for each in name)
    return seen if len(seen) <= 200 else f"{seen[:199]}…"


def _too_many() -> SourceError:
    return SourceError(
        ngettext(
            "It contains more than %(num)s file.", "It contains more than %(num)s files.",
            MOST_FILES,
        )
    )  # fmt: skip


def _is_ignored(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part in IGNORED or (part.startswith(".") and part != "..") for part in parts)
