"""A folder that one run at a time uses for a server of its own."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blog.backups.errors import BackupError


@contextmanager
def taken(folder: Path, by_another: str) -> Iterator[None]:
    """Hold the lock of a folder, which ends with this process.

    Args:
        folder: the folder, which need not exist.
        by_another: the error if another run holds it.

    Raises:
        BackupError: another run holds it.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupError(by_another) from None
    else:
        yield
    finally:
        os.close(number)
