"""The files of a source: an untrusted ZIP file, a folder or a single file."""

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
# A file larger than `RATIO_CHECK_BYTES` that is compressed more than this is neither text nor an
# image.
MAX_COMPRESSION_RATIO, RATIO_CHECK_BYTES = 200, 4 * MIB
LONGEST_NAME = 500

NOT_A_ZIP = lazy_gettext("This isn't a ZIP file, or it's incomplete. Please export it again.")
TOO_LARGE = lazy_gettext(
    "Its files are more than %(size)s GB in total.", size=LARGEST_TOTAL // MIB // 1024
)
ENCRYPTED = lazy_gettext("It's password-protected. Please save it without a password.")
# Folders that the authors' systems add.
IGNORED = ("__MACOSX", "node_modules")


class Archive(Protocol):
    """Files with names such as `posts/hello.md`.

    Attributes:
        sizes: the size of each file in bytes, by name, sorted by name.
        refused: the files that won't be read, each with the reason.
    """

    sizes: dict[str, int]
    refused: list[tuple[str, str]]

    def open(self, name: str) -> IO[bytes]:
        """Open a file."""

    def close(self) -> None:
        """Close the archive."""


@contextmanager
def open_file(archive: Archive, name: str) -> Iterator[IO[bytes]]:
    """Open a file for reading.

    Raises:
        UnreadableError: the file is damaged.
    """
    try:
        with archive.open(name) as file:
            yield file
    except (BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, NotImplementedError):
        raise UnreadableError(_("The file is damaged and can't be read.")) from None


def read_content(archive: Archive, name: str, largest: int) -> bytes:
    """Read a whole file.

    Args:
        largest: the largest size to accept, in bytes.

    Raises:
        UnreadableError: the file is damaged or larger.
    """
    with open_file(archive, name) as file:
        # The size that the archive states may be wrong.
        data = file.read(largest + 1)
    if len(data) > largest:
        size = f"{largest // MIB} MB" if largest >= MIB else f"{largest // 1024} kB"
        raise UnreadableError(_("The file is larger than %(size)s.", size=size))
    return data


class ZipArchive:
    """The files in a ZIP file."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = ZipFile(path)
            files = self._zip.infolist()
        except (BadZipFile, LargeZipFile, OSError, EOFError, ValueError, NotImplementedError):
            raise SourceError(NOT_A_ZIP) from None
        if len(files) > MOST_FILES:
            raise _too_many_files()
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
                self.refused.append((printable(file.filename), problem))
            else:
                self._files[file.filename] = file
        self.sizes = {name: self._files[name].file_size for name in sorted(self._files)}

    def _problem(self, file: ZipInfo) -> str | None:
        """The reason not to read a file, if there is one."""
        if file.filename in self._files:
            return _("There are two files with this name. The first one is used.")
        if not is_safe(file.filename):
            return _("Its path is outside the archive.")
        if stat.S_ISLNK(file.external_attr >> 16):
            return _("It's a link to another file.")
        if file.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            return _("Its compression method isn't supported.")
        compressed = max(1, file.compress_size)
        if (
            file.file_size > RATIO_CHECK_BYTES
            and file.file_size > MAX_COMPRESSION_RATIO * compressed
        ):
            return _("It expands to many times its size.")
        return None

    def open(self, name: str) -> IO[bytes]:
        return self._zip.open(self._files[name])

    def close(self) -> None:
        self._zip.close()


class Folder:
    """The files below a folder. Symbolic links are not followed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.refused: list[tuple[str, str]] = []
        self.sizes: dict[str, int] = {}
        files = sorted(self._walk())
        if len(files) > MOST_FILES:
            raise _too_many_files()
        for name, size in files:
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
                    self.refused.append((printable(relative), _("It's a link to another file.")))
                elif path.is_file():
                    yield relative, path.stat().st_size

    def open(self, name: str) -> IO[bytes]:
        return (self._path / name).open("rb")

    def close(self) -> None:
        pass


class SingleFile:
    """A single file."""

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


def printable(name: str) -> str:
    """Replace the control characters in a name, and shorten it to 200 characters."""
    seen = "".join(each if unicodedata.category(each)[0] != "C" else "\ufffd" for each in name)
    return seen if len(seen) <= 200 else f"{seen[:199]}…"


def _too_many_files() -> SourceError:
    return SourceError(
        ngettext(
            "It contains more than %(num)s file.", "It contains more than %(num)s files.",
            MOST_FILES,
        )
    )  # fmt: skip


def _is_ignored(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return any(part in IGNORED or (part.startswith(".") and part != "..") for part in parts)
