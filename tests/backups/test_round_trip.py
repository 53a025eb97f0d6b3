"""Backups that are made and restored."""

import asyncio
import tarfile
from collections.abc import AsyncIterable, Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from blog.backups.archive import ArchiveReader, ArchiveWriter
from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError
from blog.backups.making import hold_backup_lock, make_backup, snapshot
from blog.backups.manifest import Manifest, complete_names
from blog.backups.restoring import find_backup, restore_all_files
from blog.core.storage.folder import FolderStorage
from blog.core.storage.interface import Storage
from blog.core.storage.s3 import Bucket, S3Storage
from tests.backups.support import Clock, all_files, images, put_files, restore_into, rows
from tests.buckets import KEYS, client_of, serving_buckets
from tests.cli.conftest import Command

END_THE_OTHERS = text("""
    SELECT pg_terminate_backend(pid, 60000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
""")


async def check_round_trip(
    engine: AsyncEngine, files: FolderStorage, target: Storage, key: BackupKey | None,
    empty_engine: AsyncEngine, tmp_path: Path, *, is_trusted: bool = False,
) -> None:  # fmt: skip
    """Restore the newest backup of a target to an empty site, and compare all that is there."""
    backup = await find_backup(target, key, is_trusted=is_trusted)
    assert (backup.manifest.rows["users"], backup.manifest.file_count) == (1, 3)
    await restore_into(empty_engine, backup)
    assert await rows(empty_engine) == await rows(engine)
    restored = FolderStorage(tmp_path / "restored")
    assert await restore_all_files(backup, restored) == 3
    assert await all_files(restored) == images(3)
    assert await restore_all_files(backup, restored) == 0, "nothing is missing"
    await restored.close()


async def test_a_folder_gets_the_database_and_the_images(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, empty_engine: AsyncEngine,
    tmp_path: Path,
) -> None:  # fmt: skip
    await make_backup(engine, files, folder, None)
    await check_round_trip(engine, files, folder, None, empty_engine, tmp_path)


async def test_a_bucket_gets_only_what_is_encrypted(
    engine: AsyncEngine, files: FolderStorage, key: BackupKey, empty_engine: AsyncEngine,
    tmp_path: Path,
) -> None:  # fmt: skip
    with serving_buckets() as store:
        client_of(store).create_bucket(Bucket="backups")
        bucket = Bucket("backups", store, "us-east-1", *KEYS, path_style=True, prefix="our/blog")
        target = S3Storage(bucket, timeout=20)
        await make_backup(engine, files, target, key)
        keys = [each["Key"] for each in client_of(store).list_objects(Bucket="backups")["Contents"]]
        assert all(each.startswith("our/blog/") for each in keys)
        stored = await all_files(target)
        assert [name for name, content in stored.items() if b"image 1" in content] == []
        assert [name for name, content in stored.items() if b"PGDMP" in content] == []
        await check_round_trip(engine, files, target, key, empty_engine, tmp_path)


async def test_a_file_is_a_tar_archive_with_all(
    engine: AsyncEngine, files: FolderStorage, key: BackupKey, empty_engine: AsyncEngine,
    tmp_path: Path,
) -> None:  # fmt: skip
    async with ArchiveWriter(tmp_path / "site.tar") as writer:
        manifest = await make_backup(engine, files, writer, key)
    with tarfile.open(tmp_path / "site.tar") as archive:
        listed = archive.getnames()
    assert manifest.database.key in listed
    assert len(listed) == 3 + 3
    reader = ArchiveReader(tmp_path / "site.tar")
    await check_round_trip(engine, files, reader, key, empty_engine, tmp_path)
    await reader.close()


async def test_the_backups_of_a_folder_share_the_files_and_copy_those_that_it_has_lost(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, clock: Clock, tmp_path: Path
) -> None:
    await make_backup(engine, files, folder, None)
    first = {stored.key: stored for stored in await folder.page("files")}
    assert len(first) == 3
    lost = sorted(first)[1]
    await folder.delete(lost)
    await put_files(files, images(1, first=3))
    clock.forward(days=1)
    manifest = await make_backup(engine, files, folder, None)
    second = {stored.key: stored for stored in await folder.page("files")}
    assert manifest.file_count == len(second) == 4
    again = {name for name in first if second[name].modified != first[name].modified}
    assert again <= {lost}, "only what was missing is copied"
    assert await all_files(folder, "files") == {
        f"files/clear/{name}": content for name, content in images(4).items()
    }


async def test_a_public_key_makes_backups_that_only_its_secret_key_restores(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, key: BackupKey,
    empty_engine: AsyncEngine, tmp_path: Path,
) -> None:  # fmt: skip
    public = BackupKey(key.public)
    await make_backup(engine, files, folder, public)
    with pytest.raises(BackupError, match="public key, which only encrypts"):
        await restore_into(empty_engine, await find_backup(folder, public, is_trusted=True))
    with pytest.raises(BackupError, match="set BACKUP_KEY to its secret key"):
        await find_backup(folder, None)
    with pytest.raises(BackupError, match="nothing proves that BACKUP_KEY made the backup"):
        await find_backup(folder, key)
    await check_round_trip(engine, files, folder, key, empty_engine, tmp_path, is_trusted=True)


class HaltingFolder(FolderStorage):
    """A folder that lets the test do something before each file is stored."""

    halt: Callable[[str], Awaitable[None]]

    async def put(self, key: str, content: AsyncIterable[bytes]) -> int:
        await self.halt(key)
        return await super().put(key, content)


async def test_a_second_backup_waits_until_the_first_has_stored_and_deleted_everything(
    engine: AsyncEngine, files: FolderStorage, tmp_path: Path
) -> None:
    refused: list[str] = []

    async def try_another(when: str) -> None:
        with pytest.raises(BackupError, match="another backup of this site is running"):
            await make_backup(engine, files, FolderStorage(tmp_path / "other"), None)
        refused.append(when.rpartition("/")[2])

    async def delete(_: Manifest) -> None:
        await try_another("deletion")

    folder = HaltingFolder(tmp_path / "backups")
    folder.halt = try_another
    await make_backup(engine, files, folder, None, afterwards=delete)
    assert [refused[0], *refused[-3:]] == [
        "database.dump", "files.txt", "manifest.json", "deletion"
    ]  # fmt: skip
    assert len(refused) == 7
    await make_backup(engine, files, FolderStorage(tmp_path / "other"), None)


async def test_a_backup_whose_lock_was_lost_is_none(
    engine: AsyncEngine, files: FolderStorage, tmp_path: Path
) -> None:
    async def end_sessions(key: str) -> None:
        if key.endswith("files.txt"):
            async with engine.connect() as connection:
                await connection.execute(END_THE_OTHERS)

    folder = HaltingFolder(tmp_path / "backups")
    folder.halt = end_sessions
    with pytest.raises(BackupError, match="keeps other backups away was lost"):
        await make_backup(engine, files, folder, None)
    assert await complete_names(folder) == []


async def test_the_limits_of_the_role_do_not_end_a_backup(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        for name in ("statement_timeout", "idle_session_timeout", "transaction_timeout"):
            await connection.execute(text(f"ALTER DATABASE backed_up SET {name} = 2000"))
    await engine.dispose()

    async with hold_backup_lock(engine) as check, snapshot(engine) as taken:
        await asyncio.sleep(2.5)
        await check()
        async with engine.connect() as connection:
            # There is a snapshot as long as its transaction.
            await connection.execution_options(isolation_level="REPEATABLE READ")
            await connection.execute(text(f"SET TRANSACTION SNAPSHOT '{taken.id}'"))


async def test_the_commands_back_up_list_and_restore_a_site_with_its_images(
    blog: Command, engine: AsyncEngine, empty_engine: AsyncEngine, tmp_path: Path
) -> None:
    await put_files(FolderStorage(tmp_path / "files"), images(2))
    site, empty = (each.url.render_as_string() for each in (engine, empty_engine))
    code, output = await blog("backup", "site.tar", database_url=site)
    assert code == 0, output
    assert " and 2 files to site.tar: " in output
    assert await blog("backup", "site.tar", database_url=site) == (
        1, "Error: site.tar exists: use --force to replace it\n"
    )  # fmt: skip
    code, output = await blog("backup", "list", "site.tar", database_url=site)
    assert (code, output.count("\n")) == (0, 1), output
    (tmp_path / "files").rename(tmp_path / "lost")
    code, output = await blog("restore", "site.tar", database_url=empty)
    assert code == 0, output
    assert output.startswith("Copied 2 missing files\nRestored 20")
    assert output.endswith(" from site.tar: 1 users and 0 posts\n")
    assert await all_files(FolderStorage(tmp_path / "files"), "images") == images(2)
    # The record of a backup is made after it.
    assert await rows(empty_engine) | {"backup_runs": ""} == await rows(engine) | {
        "backup_runs": ""
    }
