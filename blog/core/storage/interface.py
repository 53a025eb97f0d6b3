"""What every storage can do, whichever it is."""

from collections.abc import AsyncGenerator, AsyncIterable
from datetime import datetime
from typing import NamedTuple, Protocol

# How many objects a page of a list has at the most.
PAGE = 1000


class StorageError(Exception):
    """Something about the storage is not as it should be; the text is one line for the operator."""


class NoSuchObjectError(StorageError):
    """There is no object of that key."""


class StorageFullError(StorageError):
    """There is no room for the object."""


class StorageUnavailableError(StorageError):
    """The storage does not answer, or does not let us in; it may be tried again later."""


class Stored(NamedTuple):
    """What is known of an object without reading it.

    Args:
        key: what it was stored under.
        size: in bytes.
        modified: when it was stored, in UTC, by the storage's clock.
        etag: tells this content from any other under the same key; without quotes.
    """

    key: str
    size: int
    modified: datetime
    etag: str


class Storage(Protocol):
    """Keeps objects: sequences of bytes that are written once, under a key (`keys.py`).

    Any number of processes may use it at once. Every method raises `InvalidKeyError` for what is
    no key, and `StorageUnavailableError` for a storage that fails, which takes a few seconds at the
    most. None needs the database: call them with no connection in hand.

    Attributes:
        place: where the objects are, in words for the operator.
    """

    place: str

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        """Store an object while it arrives; at no time much of it is in memory.

        It is there as a whole once this has returned, and survives a crash of the machine then.
        Whenever `content` or the storage fails, or the caller is cancelled, nothing of it is to be
        seen (or all of it, if that happens at the very end). An object that is there already is
        replaced as a whole; a reader of that goes on with the old one.

        Returns:
            Its size in bytes.

        Raises:
            StorageFullError: there is no room for it.
        """

    async def stat(self, key: str) -> Stored:
        """What is known of an object.

        Raises:
            NoSuchObjectError: it is not there.
        """

    def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """The content of an object, piece by piece. Whoever stops early has to close the iterator
        (`contextlib.aclosing`).

        Args:
            key: which object.
            start: the first byte to read.
            stop: the byte to stop before; no more than the size. `None` is the end.

        The iterator then raises `NoSuchObjectError`, if the object is not there.
        """

    async def delete(self, *keys: str) -> None:
        """Remove objects. What is not there is no error."""

    async def page(self, folder: str = "", after: str = "", limit: int = PAGE) -> list[Stored]:
        """A page of the objects, in the order of their keys as sequences of bytes.

        A folder is read as a whole for each page. So a folder that has many objects should have
        them in folders of its own: `images/3f/…`.

        Args:
            folder: only those below it, such as `images`; by default all.
            after: only those whose keys come after this one, the last of the page before.
            limit: how many at the most. If there are fewer, that is the last page.
        """

    async def close(self) -> None:
        """Let go of what it holds. What is still under way may fail."""
