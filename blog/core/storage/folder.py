"""Storage in a folder, for a site on one machine.

A file is written in `.incoming`, which no key refers to, then synced and renamed, so it is stored
completely or not at all. Files that a killed process left in `.incoming` are removed when they are
a day old and a process first stores an object. All work runs in dedicated threads, so that a
hanging disk blocks neither the event loop nor other threads.
"""

import asyncio
import errno
import os
import secrets
import threading
import time
from bisect import bisect_left
from collections.abc import AsyncGenerator, AsyncIterable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar, TypeVarTuple

from blog.core.storage.interface import (
    PAGE,
    NoSuchObjectError,
    StorageFullError,
    StorageUnavailableError,
    Stored,
)
from blog.core.storage.keys import is_key, validate_folder, validate_key

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")

THREADS = 4
# The size of a read or write, in bytes.
PIECE = 256 * 1024
INCOMING = ".incoming"
# No upload takes that long.
ABANDONED_SECONDS = 86_400
FULL = {errno.ENOSPC, errno.EDQUOT}


class FolderStorage:
    """A `Storage` in a folder, which is created on first use and private to its owner.

    Args:
        root: the folder; no other program writes there.
    """

    def __init__(self, root: Path) -> None:
        self.place = f"the folder {root}"
        self._root = root
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="storage")
        self._has_swept = False

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        file = _IncomingFile(self._root, self._path(key))
        if not self._has_swept:
            self._has_swept = True
            await self._run(_remove_abandoned, self._root / INCOMING)
        buffer, size = bytearray(), 0
        try:
            async for chunk in content:
                buffer += chunk
                size += len(chunk)
                if len(buffer) >= PIECE:
                    await self._run(file.write, bytes(buffer))
                    buffer.clear()
            await self._run(file.finish, bytes(buffer))
        finally:
            await asyncio.shield(self._submit(file.discard))
        return size

    async def stat(self, key: str) -> Stored:
        return _metadata(key, await self._run(os.stat, self._path(key)))

    async def read(
        self, key: str, start: int = 0, stop: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        file = _OpenFile(self._path(key), start, stop)
        try:
            while piece := await self._run(file.read):
                yield piece
        finally:
            await asyncio.shield(self._submit(file.close))

    async def delete(self, *keys: str) -> None:
        await self._run(_delete, [self._path(key) for key in keys])

    async def page(self, folder: str = "", after: str = "", limit: int = PAGE) -> list[Stored]:
        prefix = f"{validate_folder(folder)}/" if folder else ""
        found = _walk(self._root, prefix, after)
        return await self._run(lambda: list(islice(found, limit)))

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _path(self, key: str) -> Path:
        return self._root / validate_key(key)

    def _submit(
        self, function: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> asyncio.Future[Result]:
        return asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def _run(
        self, function: Callable[[*Arguments], Result], *arguments: *Arguments
    ) -> Result:
        """Call a function in one of the threads, and translate its errors to those of the
        storage."""
        try:
            return await self._submit(function, *arguments)
        except FileNotFoundError:
            raise NoSuchObjectError("there is no such file") from None
        except OSError as error:
            reason = f"{self.place}: {str(error.strerror).lower()}"
            if error.errno in FULL:
                raise StorageFullError(reason) from error
            raise StorageUnavailableError(reason) from error


class _IncomingFile:
    """A file that threads are writing.

    A thread whose caller was cancelled may still be writing when another one discards the file. The
    lock keeps the file from being closed, and its descriptor from being reused, during a write.
    """

    def __init__(self, root: Path, target: Path) -> None:
        self._root = root
        self._target = target
        self._draft = root / INCOMING / secrets.token_hex(16)
        self._lock = threading.Lock()
        self._number: int | None = None
        self._is_over = False

    def write(self, data: bytes) -> None:
        with self._lock:
            if self._is_over:
                return
            if self._number is None:
                _make_folders(self._draft.parent)
                flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
                self._number = os.open(self._draft, flags, 0o600)
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._number, rest) :]

    def finish(self, data: bytes) -> None:
        """Write the rest, and rename the file to its final name."""
        self.write(data)
        with self._lock:
            if self._is_over or self._number is None:
                return
            os.fsync(self._number)
            _make_folders(self._target.parent)
            self._draft.rename(self._target)
            sync_folder(self._target.parent)

    def discard(self) -> None:
        """Close the file, and remove it unless it was renamed."""
        with self._lock:
            self._is_over = True
            if self._number is not None:
                os.close(self._number)
                self._draft.unlink(missing_ok=True)


class _OpenFile:
    """A file that threads are reading; the lock keeps it from being closed during a read."""

    def __init__(self, path: Path, start: int, stop: int | None) -> None:
        self._path = path
        self._at = start
        self._stop = stop
        self._lock = threading.Lock()
        self._number: int | None = None
        self._is_over = False

    def read(self) -> bytes:
        """The next chunk; empty at the end."""
        with self._lock:
            if self._is_over:
                return b""
            if self._number is None:
                self._number = os.open(self._path, os.O_RDONLY)
            length = PIECE if self._stop is None else min(PIECE, self._stop - self._at)
            piece = os.pread(self._number, max(length, 0), self._at)
            self._at += len(piece)
            return piece

    def close(self) -> None:
        with self._lock:
            self._is_over = True
            if self._number is not None:
                os.close(self._number)


def _metadata(key: str, status: os.stat_result) -> Stored:
    modified = datetime.fromtimestamp(status.st_mtime_ns // 10**9, UTC)
    etag = f"{status.st_mtime_ns:x}-{status.st_size:x}"
    return Stored(key, status.st_size, modified, etag)


def _make_folders(folder: Path) -> None:
    """Create a folder and its parents durably."""
    if folder.is_dir():
        return
    _make_folders(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(0o700)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Sync a folder, so that its names survive a crash of the machine."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _delete(paths: list[Path]) -> None:
    for path in paths:
        path.unlink(missing_ok=True)


def _walk(root: Path, prefix: str, after: str) -> Iterator[Stored]:
    """The objects whose keys start with `prefix` and sort after `after`, in order."""
    try:
        with os.scandir(root / prefix) as entries:
            names = sorted(
                f"{prefix}{entry.name}/" if entry.is_dir() else f"{prefix}{entry.name}"
                for entry in entries
                if not entry.name.startswith(".")
            )
    except (FileNotFoundError, NotADirectoryError):
        return
    # A folder whose name is a prefix of `after` sorts before it, and contains it.
    for name in names[max(bisect_left(names, after) - 1, 0) :]:
        if name.endswith("/"):
            yield from _walk(root, name, after)
        elif name > after and is_key(name):
            with suppress(FileNotFoundError):
                yield _metadata(name, (root / name).stat())


def _remove_abandoned(incoming: Path) -> None:
    oldest = time.time() - ABANDONED_SECONDS
    with suppress(FileNotFoundError):
        for file in incoming.iterdir():
            with suppress(FileNotFoundError):
                if file.stat().st_mtime < oldest:
                    file.unlink()
