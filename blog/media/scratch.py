"""Temporary files for receiving and processing images."""

import asyncio
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import NamedTuple

from blog.core.web.app import current_app

FOLDER = "images"
# No work takes this long: older folders were left behind by killed processes.
ABANDONED_SECONDS = 3600
PIECE = 256 * 1024


class WrittenFile(NamedTuple):
    """A file with its size in bytes, and the SHA-256 of its content."""

    path: Path
    size: int
    digest: bytes

    @property
    def content(self) -> AsyncIterator[bytes]:
        return read(self.path)


@asynccontextmanager
async def scratch_folder() -> AsyncIterator[Path]:
    """A folder that is removed at the end."""
    folder = await asyncio.to_thread(_create_folder, current_app.settings.var_dir / FOLDER)
    try:
        yield folder
    finally:
        await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))


def _create_folder(root: Path) -> Path:
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    oldest = time.time() - ABANDONED_SECONDS
    for folder in root.iterdir():
        with suppress(FileNotFoundError):
            if folder.stat().st_mtime < oldest:
                shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(dir=root))


async def write(path: Path, content: AsyncIterator[bytes]) -> WrittenFile:
    """Write a stream to a file."""
    digest, size = sha256(), 0
    with path.open("wb") as file:
        async for chunk in content:
            digest.update(chunk)
            size += len(chunk)
            await asyncio.to_thread(file.write, chunk)
    return WrittenFile(path, size, digest.digest())


async def read(path: Path) -> AsyncIterator[bytes]:
    """Read the content of a file, in pieces."""
    with path.open("rb") as file:
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
