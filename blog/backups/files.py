"""The files of a site in its backups.

Files never change, so each is copied once, and the backups in a target share it. Each backup has a
list of its files, in the byte order of their keys. The lines are `key size sha256`, where size and
SHA-256 are those of the file as stored in the target. The list itself is not encrypted: the names
of the stored objects reveal the keys anyway.
"""

import hashlib
import re
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import IO, Generic, NamedTuple, Protocol, Self, TypeVar

from blog.backups.authentication import Header
from blog.backups.encryption import BackupKey
from blog.backups.errors import DamagedBackupError
from blog.backups.manifest import Manifest, Part, read_part
from blog.core.storage.interface import NoSuchObjectError, Storage, Stored
from blog.core.storage.keys import is_key
from blog.core.storage.listing import list_objects

# The files in other folders of a site can be made again, or are deleted within days.
BACKED_UP_FOLDER = "images"
# A list of this size stays in memory.
SMALL_LIST = 1024 * 1024


class Keyed(Protocol):
    """An object with a key."""

    @property
    def key(self) -> str: ...


Item = TypeVar("Item", bound=Keyed)


class ListedFile(NamedTuple):
    """A line of the list.

    Attributes:
        key: the key of the file in the storage of the site.
        size: the size of the stored object in the target, in bytes.
        sha256: the SHA-256 of the stored object.
    """

    key: str
    size: int
    sha256: str

    def line(self) -> bytes:
        return f"{self.key} {self.size} {self.sha256}\n".encode()

    @classmethod
    def parse(cls, line: bytes) -> Self:
        """Read a line.

        Raises:
            ValueError: it is malformed.
        """
        key, size, sha256 = line.decode().split()
        if not is_key(key) or not re.fullmatch("[0-9a-f]{64}", sha256):
            raise ValueError(f"not a line of a list: {line!r}")
        return cls(key, int(size), sha256)

    def part(self, folder: str) -> Part:
        """The object in the target with the content of the file."""
        return Part(key=f"{folder}/{self.key}", size=self.size, sha256=self.sha256)


class SortedLookup(Generic[Item]):
    """Looks up ascending keys in a sorted stream of items, which is read once."""

    def __init__(self, items: AsyncIterator[Item]) -> None:
        self._items = items
        self._item: Item | None = None
        self._has_started = False

    async def find(self, key: str) -> Item | None:
        """Find the item with this key; `None` if there is none. Earlier items are skipped.

        Args:
            key: the key, which must not be less than that of the previous call.
        """
        while not self._has_started or (self._item is not None and self._item.key < key):
            self._has_started = True
            self._item = await anext(self._items, None)
        return self._item if self._item is not None and self._item.key == key else None


class CopiedFiles(NamedTuple):
    """The number and the total size of the files in a backup."""

    number: int
    size: int


async def read_file_list(target: Storage, manifest: Manifest) -> AsyncIterator[ListedFile]:
    """Read the list of the files of a backup.

    Raises:
        DamagedBackupError: the list is damaged.
    """
    with tempfile.SpooledTemporaryFile(SMALL_LIST) as file:
        # No line is used before the digest of the whole list has been compared.
        async with aclosing(read_part(target, manifest.file_list, None)) as pieces:
            async for piece in pieces:
                file.write(piece)
        file.seek(0)
        for line in file:
            try:
                yield ListedFile.parse(line)
            except ValueError:
                raise DamagedBackupError(f"{manifest.file_list.key} is damaged") from None


async def stored_files(target: Storage, folder: str) -> AsyncIterator[Stored]:
    """List the files in a folder of a target, with their keys in the storage of the site."""
    async for each in list_objects(target, f"{folder}/{BACKED_UP_FOLDER}"):
        yield each._replace(key=each.key.removeprefix(f"{folder}/"))


async def copy_files(
    site: Storage, target: Storage, folder: str, key: BackupKey | None, *,
    previous: AsyncIterator[ListedFile], listing: IO[bytes],
) -> CopiedFiles:  # fmt: skip
    """Copy the files that the target lacks, and write the list of all files.

    Args:
        site: the storage of the site.
        target: the target of the backup.
        folder: the folder for files in the target.
        key: the key to encrypt with, if any.
        previous: the files of an earlier backup with the same folder.
        listing: the file to write the list to.
    """
    earlier, existing = SortedLookup(previous), SortedLookup(stored_files(target, folder))
    number = size = 0
    async for file in list_objects(site, BACKED_UP_FOLDER):
        line, there = await earlier.find(file.key), await existing.find(file.key)
        if line is None or there is None or there.size != line.size:
            try:
                part = await put_part(target, f"{folder}/{file.key}", site.read(file.key), key)
            except NoSuchObjectError:
                # It has been deleted in the meantime.
                continue
            line = ListedFile(file.key, part.size, part.sha256)
        listing.write(line.line())
        number, size = number + 1, size + line.size
    return CopiedFiles(number, size)


async def put_part(
    target: Storage, key: str, content: AsyncGenerator[bytes, None], encryption: BackupKey | None
) -> Part:
    """Store an object of a backup, encrypted if there is a key. It is streamed."""
    digest, header = hashlib.sha256(), Header()
    stream = encryption.encrypt(content) if encryption else content

    async def digested() -> AsyncGenerator[bytes, None]:
        async for piece in stream:
            digest.update(piece)
            header.add(piece)
            yield piece

    async with aclosing(stream), aclosing(digested()) as pieces:
        size = await target.put(key, pieces)
    return Part(
        key=key, size=size, sha256=digest.hexdigest(),
        header=header.digest if encryption else None,
    )  # fmt: skip


async def restore_files(
    target: Storage, manifest: Manifest, key: BackupKey | None, site: Storage
) -> int:
    """Copy the files that the site lacks from a backup.

    Returns:
        How many were copied.

    Raises:
        DamagedBackupError: a file is missing or damaged; the files before it were copied.
    """
    present = SortedLookup(list_objects(site, BACKED_UP_FOLDER))
    number = 0
    async for file in read_file_list(target, manifest):
        if await present.find(file.key) is None:
            async with aclosing(read_part(target, file.part(manifest.files), key)) as content:
                await site.put(file.key, content)
            number += 1
    return number
