"""Proving that a backup can be restored, by restoring it to a temporary server."""

import secrets
import shutil
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError, DamagedBackupError
from blog.backups.files import ListedFile, SortedLookup, read_file_list, stored_files
from blog.backups.making import count_rows, server_of, tables_of
from blog.backups.manifest import read_part
from blog.backups.restoring import Backup, find_backup, restore_database
from blog.backups.scratch import hold_lock
from blog.core.clock import now
from blog.core.db import migrations
from blog.core.db.database import Database
from blog.core.db.embedded import EmbeddedPostgres
from blog.core.storage.interface import Storage
from blog.posts.counts import wrong_counts

# The newest backup must not be older.
LONGEST_AGE = timedelta(days=2)
# This many files, chosen at random, are read and compared with their digests; all are looked up.
SAMPLE = 100
# The data of the temporary server need not survive a crash.
OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Proof(NamedTuple):
    """The result of proving a backup.

    Attributes:
        backup: the backup.
        rows: the number of restored rows, which is that of the manifest.
        read: the number of files that were read.
    """

    backup: Backup
    rows: int
    read: int


async def find_newest(
    target: Storage, key: BackupKey | None, last: str | None, *, is_trusted: bool = False
) -> Backup:
    """Find the newest backup of a target, and check that it is recent enough.

    Args:
        target: the target.
        key: the key in the settings.
        last: the name of the newest backup that the site has a record of.
        is_trusted: as in `find_backup`.

    Raises:
        BackupError: there is none, or it is too old, is missing a newer one, or isn't
            authenticated.
    """
    backup = await find_backup(target, key, is_trusted=is_trusted)
    manifest = backup.manifest
    if last is not None and manifest.name < last:
        raise BackupError(
            f"{target.place} has no newer backup than {manifest.name}, but {last} was made"
        )
    if (age := now() - manifest.made_at) > LONGEST_AGE:
        raise BackupError(
            f"the newest backup in {target.place} is {age.days} days old: {manifest.name}"
        )
    return backup


async def prove(backup: Backup, var_dir: Path) -> Proof:
    """Restore a backup to a new server, migrate it, and verify its rows, counts and files.

    Args:
        backup: the backup.
        var_dir: the folder for the data of the temporary server, which needs as much space as the
            database.

    Raises:
        BackupError, DumpError, StorageError: the backup can't be restored, or is incomplete.
    """
    async with _scratch_database(var_dir / "proof") as database:
        async with database.engine.connect() as connection:
            server = await server_of(connection)
        schema = backup.manifest.database_schema
        if schema != server.schema:
            raise BackupError(
                f"only a backup of the schema {server.schema} can be proven, not {schema}"
            )
        await restore_database(backup, server, replace=False)
        async with database.engine.connect() as connection:
            restored = {
                table: await count_rows(connection, table) for table in await tables_of(connection)
            }
        compare_rows(restored, backup.manifest.rows)
        async with database.engine.connect() as connection:
            await connection.run_sync(migrations.upgrade)
        async with database.session() as session:
            wrong = {
                name: number for name, number in (await wrong_counts(session)).items() if number
            }
        if wrong:
            found = ", ".join(f"{name}: {number}" for name, number in wrong.items())
            raise DamagedBackupError(f"the restored counts are wrong: {found}")
    return Proof(backup, sum(restored.values()), await verify_files(backup))


def compare_rows(restored: dict[str, int], expected: dict[str, int]) -> None:
    """Compare the number of rows in each table.

    Raises:
        DamagedBackupError: a table has more or fewer rows than expected.
    """
    for table in sorted(restored.keys() | expected.keys()):
        if restored.get(table) != expected.get(table):
            raise DamagedBackupError(
                f"the table {table} has {restored.get(table, 'no')} rows after the restore, and "
                f"had {expected.get(table, 'no')}"
            )


async def verify_files(backup: Backup) -> int:
    """Look up all files of a backup, and read some of them.

    Returns:
        How many files were read.

    Raises:
        DamagedBackupError: a file is missing or damaged.
    """
    present = SortedLookup(stored_files(backup.target, backup.manifest.files))
    sample: list[ListedFile] = []
    number = 0
    async for file in read_file_list(backup.target, backup.manifest):
        found = await present.find(file.key)
        if found is None:
            raise DamagedBackupError(f"{file.key} is missing in {backup.target.place}")
        if found.size != file.size:
            raise DamagedBackupError(
                f"{file.key} has {found.size:,} bytes instead of {file.size:,}"
            )
        # Each file is equally likely to be in the sample (reservoir sampling).
        place = len(sample) if number < SAMPLE else secrets.randbelow(number + 1)
        if place < SAMPLE:
            sample[place : place + 1] = [file]
        number += 1
    if number != backup.manifest.file_count:
        raise DamagedBackupError(
            f"the list has {number:,} files instead of {backup.manifest.file_count:,}"
        )
    for file in sample:
        async with aclosing(
            read_part(backup.target, file.part(backup.manifest.files), backup.key)
        ) as content:
            async for _ in content:
                pass
    return len(sample)


@asynccontextmanager
async def _scratch_database(folder: Path) -> AsyncIterator[Database]:
    """An empty database on a new embedded server, which is deleted at the end.

    A killed run leaves its server and data behind, which the next run removes.

    Raises:
        BackupError: another run is using the folder.
    """
    with hold_lock(folder, "another backup is being proven"):
        _remove_leftovers(folder)
        database = Database(None, folder / "postgres", embedded_options=OPTIONS)
        try:
            await database.open()
            try:
                yield database
            finally:
                await database.close()
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_leftovers(folder: Path) -> None:
    """Remove the server and the data that a killed run has left behind."""
    data = folder / "postgres"
    if (data / "postmaster.pid").exists():
        # The server stops with its last user, which is this process.
        server = EmbeddedPostgres(data, OPTIONS)
        server.start()
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)
