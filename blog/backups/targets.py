"""The targets of backups: a folder, a bucket or a single file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

from blog.backups.archive import ArchiveReader, ArchiveWriter
from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError
from blog.core.storage.folder import FolderStorage
from blog.core.storage.interface import Storage
from blog.core.storage.making import make_bucket_storage
from settings import Settings

# A dump may be large, and an upload has at most 10,000 parts: 320 GB in total.
PART = 32 * 1024 * 1024
S3 = "s3://"


def choose_target(settings: Settings, given: str | None) -> str:
    """Choose the target: the given one, or else the one in the settings.

    Raises:
        BackupError: there is neither.
    """
    target = given or settings.backup_target
    if not target:
        raise BackupError("name a folder, a file or s3://bucket/prefix, or set BACKUP_TARGET")
    return target


def is_file(target: str) -> bool:
    """Whether a target is a single file, which need not exist."""
    return not target.startswith(S3) and not target.endswith("/") and not Path(target).is_dir()


@asynccontextmanager
async def open_new_target(settings: Settings, target: str) -> AsyncIterator[Storage]:
    """Open a target to make a backup in."""
    if is_file(target):
        async with ArchiveWriter(Path(target)) as archive:
            yield archive
        return
    async with open_target(settings, target) as storage:
        yield storage


@asynccontextmanager
async def open_target(settings: Settings, target: str) -> AsyncIterator[Storage]:
    """Open a target that has backups."""
    storage: Storage
    if target.startswith(S3):
        storage = _bucket(settings, target)
    elif is_file(target):
        try:
            storage = ArchiveReader(Path(target))
        except OSError as error:
            raise BackupError(f"cannot read {target}: {error.strerror}") from None
    else:
        storage = _folder(target)
    try:
        yield storage
    finally:
        await storage.close()


def load_key(settings: Settings) -> BackupKey | None:
    """Load the key in the settings.

    Raises:
        BackupError: it isn't an age key.
    """
    return BackupKey(settings.backup_key.get_secret_value()) if settings.backup_key else None


def _bucket(settings: Settings, target: str) -> Storage:
    """Open a bucket at `STORAGE_ENDPOINT`."""
    if settings.storage_access_key is None or settings.storage_secret_key is None:
        raise BackupError(f"{target} needs STORAGE_ACCESS_KEY and STORAGE_SECRET_KEY")
    parts = urlsplit(target)
    return make_bucket_storage(settings, parts.netloc, prefix=parts.path.strip("/"), part=PART)


def _folder(target: str) -> Storage:
    return FolderStorage(Path(target).absolute())
