"""Stores a large object and reads it, and prints how many bytes of memory that took at the most.

`python -m tests.core.storage.streaming PLACE [BUCKET]`: a folder, or the address of a store.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

from blog.core.storage.folder import FolderStorage
from blog.core.storage.interface import Storage
from blog.core.storage.s3 import Bucket, S3Storage
from tests.core.storage.support import chunks, long_content

KEY = "exports/large.zip"
SIZE = 40 * 1024 * 1024
CHUNK = 64 * 1024


def peak() -> int:
    """The most memory that this process has had at once, in bytes (proc_pid_status(5))."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found
    return int(found[1]) * 1024


async def stream(storage: Storage) -> None:
    """Store an object piece by piece, and read it so."""
    await storage.put("exports/small.zip", chunks(b"x"))
    # From now on it is the most since this moment.
    Path("/proc/self/clear_refs").write_text("5")
    before = peak()
    await storage.put(KEY, long_content(b"x" * CHUNK, SIZE // CHUNK))
    size = 0
    async for piece in storage.read(KEY):
        size += len(piece)
    assert size == SIZE
    print(peak() - before)  # noqa: T201


if __name__ == "__main__":
    place, *bucket = sys.argv[1:]
    if bucket:
        there = Bucket(*bucket, place, "us-east-1", "key", "secret", path_style=True)
        asyncio.run(stream(S3Storage(there, timeout=30)))
    else:
        asyncio.run(stream(FolderStorage(Path(place))))
    # obstore's threads may abort the process while the interpreter ends (seen once, on 3.13).
    sys.stdout.flush()
    os._exit(0)
