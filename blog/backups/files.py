"""The files of a site in its backups.

Files never change, so each is copied once, and the backups of a target share it. The list of a
backup names its files, in the byte order of their keys; each line is `key size sha256`, the latter
two of the file as it is stored in the target. The list itself is not encrypted: the names of the
stored objects tell the keys anyway.
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

# The other folders of a site have what is made again, or deleted within days.
BACKED_UP = "images"
# A list of this size stays in memory.
SMALL_LIST = 1024 * 1024


class Keyed(Protocol):
    """Anything with a key."""

    @property
    def key(self) -> str: ...


Item = TypeVar("Item", bound=Keyed)


class ListedFile(NamedTuple):
    """A line of the list.

    Attributes:
        key: the key of the file in the storage of the site.
        size: its size as it is stored in the target, in bytes.
        sha256: the SHA-256 of what is stored there.
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
        """The object of the target that has the file."""
        return Part(key=f"{folder}/{self.key}", size=self.size, sha256=self.sha256)


class InOrder(Generic[Item]):
    """Looks for keys among items in the order of their keys, each later than the one before."""

    def __init__(self, items: AsyncIterator[Item]) -> None:
        self._items = items
        self._item: Item | None = None
        self._has_begun = False

    async def at(self, key: str) -> Item | None:
        """The item with this key, or `None`; the items before it are passed over."""
        while not self._has_begun or (self._item is not None and self._item.key < key):
            self._has_begun = True
            self._item = await anext(self._items, None)
        return self._item if self._item is not None and self._item.key == key else None


class Copied(NamedTuple):
    """How much has been listed and copied."""

    number: int
    size: int


async def listed(target: Storage, manifest: Manifest) -> AsyncIterator[ListedFile]:
    """The files of a backup.

    Raises:
        DamagedBackupError: the list is damaged.
    """
    with tempfile.SpooledTemporaryFile(SMALL_LIST) as file:
        # Nothing is made of a line before the digest of the whole list was compared.
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
    """The files of a folder, under the keys that they have in the site's storage."""
    async for each in list_objects(target, f"{folder}/{BACKED_UP}"):
        yield each._replace(key=each.key.removeprefix(f"{folder}/"))


async def copy_files(
    site: Storage, target: Storage, folder: str, key: BackupKey | None, *,
    previous: AsyncIterator[ListedFile], listing: IO[bytes],
) -> Copied:  # fmt: skip
    """Copy the files that the target lacks, and list all.

    Args:
        site: the storage of the site.
        target: where the backup is made.
        folder: the folder there for its files.
        key: the key of the backup.
        previous: the files of an earlier backup with the same folder.
        listing: the file to write the list to.
    """
    earlier, kept = InOrder(previous), InOrder(stored_files(target, folder))
    number = size = 0
    async for file in list_objects(site, BACKED_UP):
        line, there = await earlier.at(file.key), await kept.at(file.key)
        if line is None or there is None or there.size != line.size:
            try:
                part = await put_part(target, f"{folder}/{file.key}", site.read(file.key), key)
            except NoSuchObjectError:
                # Deleted meanwhile.
                continue
            line = ListedFile(file.key, part.size, part.sha256)
        listing.write(line.line())
        number, size = number + 1, size + line.size
    return Copied(number, size)


async def put_part(
    target: Storage, key: str, content: AsyncGenerator[bytes, None], encryption: BackupKey | None
) -> Part:
    """Store an object of a backup, encrypted if there is a key, with little of it in memory."""
    digest, header = hashlib.sha256(), Header()
    produced = encryption.encrypted(content) if encryption else content

    async def passing() -> AsyncGenerator[bytes, None]:
        async for piece in produced:
            digest.update(piece)
            header.add(piece)
            yield piece

    async with aclosing(produced), aclosing(passing()) as pieces:
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
        DamagedBackupError: a file is missing or damaged; those before it were copied.
    """
    present = InOrder(list_objects(site, BACKED_UP))
    number = 0
    async for file in listed(target, manifest):
        if await present.at(file.key) is None:
            async with aclosing(read_part(target, file.part(manifest.files), key)) as content:
                await site.put(file.key, content)
            number += 1
    return number
