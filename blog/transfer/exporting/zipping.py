"""ZIP archives as byte streams (APPNOTE.TXT 6.3.10)."""

import asyncio
import zipfile
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple, TypeVarTuple

Arguments = TypeVarTuple("Arguments")

CHUNK_BYTES = 256 * 1024
# The earliest time that the format can express.
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)


class File(NamedTuple):
    """A file of an archive.

    Attributes:
        name: its path in the archive, such as `posts/a.md`.
        content: its bytes.
        modified: its modification time.
        is_compressed: whether its format is already compressed, like an image's.
    """

    name: str
    content: bytes | AsyncGenerator[bytes, None]
    modified: datetime
    is_compressed: bool = False


async def zip_stream(files: AsyncIterable[File]) -> AsyncGenerator[bytes, None]:
    """Yield an archive in chunks of about `CHUNK_BYTES` bytes.

    It may have any size and any number of files. Memory holds one chunk, and half a kilobyte per
    file, because an archive ends with the directory of its files.
    """
    output = _Output()
    archive = zipfile.ZipFile(output, "w")
    async for file in files:
        with archive.open(_entry(file), "w") as entry:
            if isinstance(file.content, bytes):
                await _run_in_thread(entry.write, file.content)
            else:
                async with aclosing(file.content) as chunks:
                    async for chunk in chunks:
                        await _run_in_thread(entry.write, chunk)
                        if len(output.pending) >= CHUNK_BYTES:
                            yield output.take()
        if len(output.pending) >= CHUNK_BYTES:
            yield output.take()
    archive.close()
    yield output.take()


def _entry(file: File) -> zipfile.ZipInfo:
    time = max(file.modified.astimezone(UTC), EARLIEST)
    entry = zipfile.ZipInfo(file.name, time.timetuple()[:6])
    entry.external_attr = 0o600 << 16
    entry.compress_type = zipfile.ZIP_STORED if file.is_compressed else zipfile.ZIP_DEFLATED
    return entry


class _Output:
    """The file that `zipfile` writes to. It has no position, so `zipfile` never seeks in it."""

    def __init__(self) -> None:
        self.pending = bytearray()

    def write(self, data: bytes) -> int:
        self.pending += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: `take` returns what has been written."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def take(self) -> bytes:
        """Return everything written since the last call."""
        taken = bytes(self.pending)
        self.pending.clear()
        return taken


async def _run_in_thread(function: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
    """Call a function in a thread, and wait for it even if cancelled: nothing else may write to the
    archive at the same time."""
    call = asyncio.create_task(asyncio.to_thread(function, *arguments))
    try:
        await asyncio.shield(call)
    except asyncio.CancelledError:
        await asyncio.wait([call])
        raise
