"""The interface of file storage."""

from collections.abc import AsyncGenerator, AsyncIterable
from datetime import datetime
from typing import NamedTuple, Protocol

# The maximum number of objects on a page of a list.
PAGE = 1000


class StorageError(Exception):
    """A storage error; the message is one line for the operator."""


class NoSuchObjectError(StorageError):
    """There is no object with this key."""


class StorageFullError(StorageError):
    """There is not enough space for the object."""


class StorageUnavailableError(StorageError):
    """The storage does not answer or refuses access; retrying later may succeed."""


class Stored(NamedTuple):
    """The metadata of an object.

    Args:
        key: its key.
        size: its size in bytes.
        modified: when it was stored (UTC), by the storage's clock.
        etag: changes with the content; without quotes.
    """

    key: str
    size: int
    modified: datetime
    etag: str


class Storage(Protocol):
    """Stores objects: sequences of bytes that are written once, under a key (`keys.py`).

    Any number of processes may use it at once. Every method raises `InvalidKeyError` for an invalid
    key, and `StorageUnavailableError`, within a few seconds, if the storage fails. Do not hold a
    database connection while calling one.

    Attributes:
        place: the location of the objects, for the operator.
    """

    place: str

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        """Store an object from a stream, with little of it in memory.

        When this returns, the object is complete and survives a crash of the machine. If `content`
        or the storage fails, or the caller is cancelled, nothing is stored (or everything, if that
        happens at the very end). An existing object is replaced atomically; its readers continue
        with the old content.

        Returns:
            The size in bytes.

        Raises:
            StorageFullError: there is not enough space.
        """

    async def stat(self, key: str) -> Stored:
        """The metadata of an object.

        Raises:
            NoSuchObjectError: it does not exist.
        """

    def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """Read the content of an object in chunks. A caller that stops early must close the
        iterator (`contextlib.aclosing`).

        Args:
            key: the object.
            start: the first byte to read.
            stop: the byte to stop before, at most the size; `None` is the end.

        The iterator raises `NoSuchObjectError` if the object does not exist.
        """

    async def delete(self, *keys: str) -> None:
        """Remove objects. Missing ones are ignored."""

    async def page(self, folder: str = "", after: str = "", limit: int = PAGE) -> list[Stored]:
        """A page of the objects, in the byte order of their keys.

        Each page reads a whole folder, so many objects should be spread over subfolders:
        `images/3f/…`.

        Args:
            folder: the folder to list, such as `images`; by default everything.
            after: the last key of the previous page.
            limit: the maximum number. A page with fewer is the last.
        """

    async def close(self) -> None:
        """Release all resources. Pending calls may fail."""
