"""Restore a backup."""

from contextlib import aclosing
from typing import NamedTuple

from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError
from blog.backups.files import restore_files
from blog.backups.manifest import Manifest, complete_names, read_manifest, read_part
from blog.core.db.dumps import Server
from blog.core.storage.interface import Storage


class Backup(NamedTuple):
    """A complete backup.

    Args:
        target: where it is.
        manifest: its manifest.
        key: the key to decrypt it; `None` if it is not encrypted.
    """

    target: Storage
    manifest: Manifest
    key: BackupKey | None


async def find(target: Storage, key: BackupKey | None, name: str | None = None) -> Backup:
    """Find a backup.

    Args:
        target: where to look.
        key: the key of the settings.
        name: its name; `None` is the newest.

    Raises:
        BackupError: there is none, or it is encrypted and there is no key.
        DamagedBackupError: its manifest is damaged.
    """
    if name is None:
        complete = await complete_names(target)
        if not complete:
            raise BackupError(f"there is no complete backup in {target.place}")
        name = complete[-1]
    manifest = await read_manifest(target, name)
    if manifest.key is None:
        return Backup(target, manifest, None)
    if key is None:
        raise BackupError(f"the backup {name} is encrypted: set BACKUP_KEY to its secret key")
    if key.public != manifest.key:
        raise BackupError(f"the backup {name} is encrypted for {manifest.key}, not for BACKUP_KEY")
    return Backup(target, manifest, key)


async def restore_database(backup: Backup, server: Server, *, replace: bool) -> None:
    """Restore the database of a backup in a single transaction.

    Args:
        backup: the backup.
        server: the database.
        replace: drop the existing schema first, in the same transaction.

    Raises:
        DamagedBackupError: the dump is damaged; nothing has changed.
        DumpError: the restore failed; nothing has changed.
    """
    manifest = backup.manifest
    if manifest.database_schema != server.schema:
        raise BackupError(
            f"the tables of the backup are in the schema {manifest.database_schema}, and this "
            f"role's search_path begins with {server.schema}: make them the same"
        )
    async with aclosing(read_part(backup.target, manifest.database, backup.key)) as content:
        await server.restore(content, replace=replace)


async def restore_all_files(backup: Backup, site: Storage) -> int:
    """Copy the files that the site lacks; returns how many.

    Raises:
        DamagedBackupError: a file is missing or damaged.
    """
    return await restore_files(backup.target, backup.manifest, backup.key, site)
