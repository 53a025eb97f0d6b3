"""Restoring a backup."""

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

    Attributes:
        target: the target that it is in.
        manifest: its manifest.
        key: the key to decrypt it with; `None` if it is not encrypted.
        is_authentic: whether its manifest was made with the secret key.
    """

    target: Storage
    manifest: Manifest
    key: BackupKey | None
    is_authentic: bool


async def find_backup(
    target: Storage, key: BackupKey | None, name: str | None = None, *, is_trusted: bool = False
) -> Backup:
    """Find a backup.

    Args:
        target: the target to search.
        key: the key in the settings.
        name: its name; `None` for the newest backup.
        is_trusted: whether to accept it without proof that it was made with `key`.

    Raises:
        BackupError: there is none; or it is encrypted and there is no key; or there is a key, and
            nothing proves that the backup was made with it.
        DamagedBackupError: its manifest is damaged, or forged.
    """
    if name is None:
        complete = await complete_names(target)
        if not complete:
            raise BackupError(f"there is no complete backup in {target.place}")
        name = complete[-1]
    found = await read_manifest(target, name)
    manifest = found.manifest
    if manifest.key is not None:
        if key is None:
            raise BackupError(f"the backup {name} is encrypted: set BACKUP_KEY to its secret key")
        if key.public != manifest.key:
            raise BackupError(
                f"the backup {name} is encrypted for {manifest.key}, not for BACKUP_KEY"
            )
    is_authentic = found.is_authentic(key)
    if key is not None and not is_authentic and not is_trusted:
        raise BackupError(
            f"nothing proves that BACKUP_KEY made the backup {name}: anyone who can write to "
            f"{target.place} could have made it, too. It may be older than this check, or made "
            "with the public key; if you know that it is yours, use --unauthenticated"
        )
    return Backup(target, manifest, key if manifest.key is not None else None, is_authentic)


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
    """Copy the files that the site lacks, and return how many there were.

    Raises:
        DamagedBackupError: a file is missing or damaged.
    """
    return await restore_files(backup.target, backup.manifest, backup.key, site)
