"""The lock of a folder for a temporary server, which one run at a time may use."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blog.backups.errors import BackupError


@contextmanager
def hold_lock(folder: Path, problem: str) -> Iterator[None]:
    """Hold the lock of a folder, which is also released when this process ends.

    Args:
        folder: the folder, which need not exist.
        problem: the message of the error if another run holds the lock.

    Raises:
        BackupError: another run holds it.
    """
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = os.open(folder.with_name(f"{folder.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BackupError(problem) from None
    else:
        yield
    finally:
        os.close(number)
