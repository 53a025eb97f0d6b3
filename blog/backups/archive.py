"""A backup in a single file: a tar archive with the objects of a storage."""

import asyncio
import os
import tarfile
import tempfile
from collections.abc import AsyncGenerator, AsyncIterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from blog.backups.errors import BackupError, DamagedBackupError
from blog.core.storage.folder import FULL, sync_folder
from blog.core.storage.interface import (
    PAGE,
    NoSuchObjectError,
    StorageFullError,
    StorageUnavailableError,
    Stored,
)

# The size of a read, in bytes.
PIECE = 1024 * 1024


class ArchiveWriter:
    """A storage that writes its objects to a new file, one after another.

    Use it with `async with`. The file appears at the end, readable only by its owner; after an
    error, there is none.

    Args:
        file: the path of the file; an existing file is replaced.
    """

    def __init__(self, file: Path) -> None:
        self.place = str(file)
        self._file = file
        self._draft: IO[bytes]
        self._draft_path: Path

    async def __aenter__(self) -> Self:
        try:
            number, name = tempfile.mkstemp(".part", f"{self._file.name}.", self._file.parent)
        except OSError as error:
            raise BackupError(f"cannot write {self._file}: {error.strerror}") from None
        self._draft, self._draft_path = os.fdopen(number, "wb"), Path(name)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await asyncio.to_thread(self._finish)
        except OSError as failure:
            raise self._error(failure) from failure
        finally:
            self._draft.close()
            self._draft_path.unlink(missing_ok=True)

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        """Append an object. Its header is written last, when its size is known."""
        info = tarfile.TarInfo(key)
        info.mode, info.mtime = 0o600, int(datetime.now(UTC).timestamp())
        start = self._draft.tell()
        size = 0
        try:
            self._draft.write(bytes(len(info.tobuf(tarfile.GNU_FORMAT))))
            async for piece in content:
                await asyncio.to_thread(self._draft.write, piece)
                size += len(piece)
            self._draft.write(bytes(-size % tarfile.BLOCKSIZE))
            end = self._draft.tell()
            info.size = size
            self._draft.seek(start)
            self._draft.write(info.tobuf(tarfile.GNU_FORMAT))
            self._draft.seek(end)
        except OSError as error:
            raise self._error(error) from error
        return size

    async def page(self, folder: str = "", after: str = "", limit: int = PAGE) -> list[Stored]:
        """Return nothing: a new file has no earlier backups."""
        return []

    async def stat(self, key: str) -> Stored:
        raise NoSuchObjectError(key)

    async def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        raise NoSuchObjectError(key)
        yield b""

    async def delete(self, *keys: str) -> None:
        """Do nothing: a new file has no old objects."""

    async def close(self) -> None:
        """Do nothing: the file is closed at the end of the `async with`."""

    def _finish(self) -> None:
        self._draft.write(bytes(2 * tarfile.BLOCKSIZE))
        self._draft.flush()
        os.fsync(self._draft.fileno())
        self._draft_path.replace(self._file)
        sync_folder(self._file.parent)

    def _error(self, error: OSError) -> Exception:
        reason = f"{self._file}: {str(error.strerror).lower()}"
        return (StorageFullError if error.errno in FULL else StorageUnavailableError)(reason)


class ArchiveReader:
    """A storage that reads the objects in a file that an `ArchiveWriter` wrote.

    Args:
        file: the path of the file.

    Raises:
        DamagedBackupError: it isn't such a file, or is incomplete.
    """

    def __init__(self, file: Path) -> None:
        self.place = str(file)
        self._file = file.open("rb")
        try:
            with tarfile.open(fileobj=self._file, mode="r:") as archive:
                self._members = {member.name: member for member in archive}
        except tarfile.TarError as error:
            self._file.close()
            raise DamagedBackupError(f"{file} is damaged, or no backup: {error}") from None

    async def stat(self, key: str) -> Stored:
        return _stored(self._member(key))

    async def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        member = self._member(key)
        at, end = start, member.size if stop is None else min(stop, member.size)
        while at < end:
            piece = await asyncio.to_thread(
                os.pread, self._file.fileno(), min(PIECE, end - at), member.offset_data + at
            )
            if not piece:
                return
            yield piece
            at += len(piece)

    async def page(self, folder: str = "", after: str = "", limit: int = PAGE) -> list[Stored]:
        prefix = f"{folder}/" if folder else ""
        keys = sorted(key for key in self._members if key.startswith(prefix) and key > after)
        return [_stored(self._members[key]) for key in keys[:limit]]

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        raise StorageUnavailableError(f"{self.place} is only read")

    async def delete(self, *keys: str) -> None:
        raise StorageUnavailableError(f"{self.place} is only read")

    async def close(self) -> None:
        self._file.close()

    def _member(self, key: str) -> tarfile.TarInfo:
        try:
            return self._members[key]
        except KeyError:
            raise NoSuchObjectError(f"there is no {key} in {self.place}") from None


def _stored(member: tarfile.TarInfo) -> Stored:
    return Stored(
        member.name, member.size, datetime.fromtimestamp(member.mtime, UTC), str(member.mtime)
    )
