"""ZIP archives as streams of bytes (APPNOTE.TXT 6.3.10)."""

import asyncio
import zipfile
from collections.abc import AsyncGenerator, AsyncIterable, Callable
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple, TypeVarTuple

Arguments = TypeVarTuple("Arguments")

# The size of a chunk, in bytes.
PIECE = 256 * 1024
# The format knows no time before.
EARLIEST = datetime(1980, 1, 1, tzinfo=UTC)


class File(NamedTuple):
    """A file of an archive.

    Attributes:
        name: with its folders: `posts/a.md`.
        content: its bytes.
        modified: the time to show.
        is_compressed: whether its format is compressed already, as that of an image.
    """

    name: str
    content: bytes | AsyncGenerator[bytes, None]
    modified: datetime
    is_compressed: bool = False


async def zipped(files: AsyncIterable[File]) -> AsyncGenerator[bytes, None]:
    """An archive, in chunks of about `PIECE` bytes.

    It may have any size and any number of files. What is kept in memory is a chunk, and half a
    kilobyte for each file: their directory is at the end of an archive.
    """
    output = _Output()
    archive = zipfile.ZipFile(output, "w")
    async for file in files:
        with archive.open(_entry(file), "w") as entry:
            if isinstance(file.content, bytes):
                await _in_thread(entry.write, file.content)
            else:
                async with aclosing(file.content) as chunks:
                    async for chunk in chunks:
                        await _in_thread(entry.write, chunk)
                        if len(output.waiting) >= PIECE:
                            yield output.take()
        if len(output.waiting) >= PIECE:
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
    """What `zipfile` writes to. It has no position, so that nothing goes back in it."""

    def __init__(self) -> None:
        self.waiting = bytearray()

    def write(self, data: bytes) -> int:
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """Do nothing: `take` is called for what there is."""

    def close(self) -> None:
        """Do nothing: there is nothing to close."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken


async def _in_thread(function: Callable[[*Arguments], object], *arguments: *Arguments) -> None:
    """Call a function in a thread, to its end even if the caller is cancelled: nothing else may
    write to the archive at the same time."""
    call = asyncio.create_task(asyncio.to_thread(function, *arguments))
    try:
        await asyncio.shield(call)
    except asyncio.CancelledError:
        await asyncio.wait([call])
        raise
