"""Replaces an object, and dies at each line of the storage in turn: `python -m … FOLDER`.

It prints how many processes were killed, how many of them left the new object, and how many left
something in `.incoming`.
"""

import asyncio
import os
import signal
import sys
import threading
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any

from blog.core.storage import folder
from blog.core.storage.folder import ABANDONED_SECONDS, INCOMING, PIECE, FolderStorage
from tests.core.storage.support import chunks, content_of

KEY, OTHER = "images/3f/3f9c.webp", "images/other.webp"
OLD, NEW = b"old" * 10, b"new" * PIECE


def die_at(line: int) -> None:
    """Let the process end as by `kill -9` before it executes so many lines of the storage."""
    lock, lines = threading.Lock(), count(1)

    def trace(frame: FrameType, event: str, _argument: Any) -> Any:
        if frame.f_code.co_filename != folder.__file__:
            return None
        with lock:
            if event == "line" and next(lines) == line:
                os.kill(os.getpid(), signal.SIGKILL)
        return trace

    threading.settrace(trace)
    sys.settrace(trace)


async def replace(root: Path) -> None:
    await FolderStorage(root).put(KEY, chunks(NEW, NEW))


async def what_is_left(root: Path) -> tuple[bool, int]:
    """Whether the new object is there, and how much was left; a day later the latter is gone."""
    storage = FolderStorage(root)
    content = await content_of(storage, KEY)
    assert content in (OLD, NEW * 2), len(content)
    assert [stored.key for stored in await storage.page()] == [KEY]
    left = list((root / INCOMING).iterdir())
    for file in left:
        time = file.stat().st_mtime - ABANDONED_SECONDS - 1
        os.utime(file, (time, time))
    await storage.put(OTHER, chunks(b"x"))
    assert list((root / INCOMING).iterdir()) == []
    await storage.close()
    return content != OLD, len(left)


async def prepare(root: Path) -> None:
    storage = FolderStorage(root)
    await storage.put(KEY, chunks(OLD))
    await storage.close()


def main(parent: Path) -> None:
    new = left = 0
    for line in count(1):
        root = parent / str(line)
        asyncio.run(prepare(root))
        if (child := os.fork()) == 0:
            die_at(line)
            asyncio.run(replace(root))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        is_new, number = asyncio.run(what_is_left(root))
        if status == 0:
            assert is_new
            print(line - 1, new, left)  # noqa: T201
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
        new += is_new
        left += bool(number)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
