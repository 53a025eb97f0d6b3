"""Backups that are not what was written: each is recognised, and changes nothing."""

from collections.abc import Callable
from pathlib import Path

import pyrage
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from blog.backups.archive import ArchiveReader, ArchiveWriter
from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError, DamagedBackupError
from blog.backups.making import make_backup
from blog.backups.restoring import find_backup, restore_all_files
from blog.core.storage.folder import FolderStorage
from tests.backups.support import Clock, restore_into, rows

Damage = Callable[[Path], None]


def truncate(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-1000])


def flip(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def remove(file: Path) -> None:
    file.unlink()


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("damage", [truncate, flip, remove])
async def test_a_damaged_dump_leaves_the_site_as_it_was(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, key: BackupKey,
    tmp_path: Path, damage: Damage, encrypted: bool,
) -> None:  # fmt: skip
    used = key if encrypted else None
    manifest = await make_backup(engine, files, folder, used)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE users SET username = 'david'"))
    before = await rows(engine)
    damage(tmp_path / "backups" / manifest.database.key)
    with pytest.raises(DamagedBackupError):
        await restore_into(engine, await find_backup(folder, used), replace=True)
    assert await rows(engine) == before


@pytest.mark.parametrize("damage", [truncate, flip])
async def test_a_damaged_file_or_list_or_manifest_is_no_backup(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, tmp_path: Path, damage: Damage
) -> None:
    manifest = await make_backup(engine, files, folder, None)
    backups = tmp_path / "backups"
    restored = FolderStorage(tmp_path / "restored")
    largest = max((backups / "files").rglob("*.webp"), key=lambda file: file.stat().st_size)
    whole = largest.read_bytes()
    damage(largest)
    with pytest.raises(DamagedBackupError, match="files/clear/images/"):
        await restore_all_files(await find_backup(folder, None), restored)
    largest.write_bytes(whole)
    (backups / manifest.file_list.key).write_bytes(b"images/0f/a.webp 1 x\n")
    with pytest.raises(DamagedBackupError):
        await restore_all_files(await find_backup(folder, None), restored)
    await restored.close()
    damage(backups / "backups" / manifest.name / "manifest.json")
    with pytest.raises(DamagedBackupError, match="the manifest of the backup"):
        await find_backup(folder, None)


async def test_yesterdays_objects_in_place_of_todays_are_noticed(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, empty_engine: AsyncEngine,
    clock: Clock, tmp_path: Path,
) -> None:  # fmt: skip
    yesterday = await make_backup(engine, files, folder, None)
    async with engine.begin() as connection:
        await connection.execute(text("UPDATE users SET username = 'david'"))
    clock.forward(days=1)
    today = await make_backup(engine, files, folder, None)
    backups = tmp_path / "backups"
    (backups / today.database.key).write_bytes((backups / yesterday.database.key).read_bytes())
    with pytest.raises(DamagedBackupError):
        await restore_into(empty_engine, await find_backup(folder, None))
    manifests = [backups / "backups" / each.name / "manifest.json" for each in (yesterday, today)]
    manifests[1].write_bytes(manifests[0].read_bytes())
    with pytest.raises(DamagedBackupError, match=f"is that of {yesterday.name}"):
        await find_backup(folder, None)


async def test_another_key_is_refused_before_anything_is_read(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, key: BackupKey
) -> None:
    await make_backup(engine, files, folder, key)
    other = BackupKey(str(pyrage.x25519.Identity.generate()))
    with pytest.raises(BackupError, match="is encrypted for age1"):
        await find_backup(folder, other)


async def test_an_interrupted_run_leaves_no_backup(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, clock: Clock, tmp_path: Path
) -> None:
    manifest = await make_backup(engine, files, folder, None)
    (tmp_path / "backups" / "backups" / manifest.name / "manifest.json").unlink()
    with pytest.raises(BackupError, match="there is no complete backup"):
        await find_backup(folder, None)


async def test_half_an_archive_is_no_backup(
    engine: AsyncEngine, files: FolderStorage, tmp_path: Path
) -> None:
    file = tmp_path / "site.tar"
    async with ArchiveWriter(file) as writer:
        await make_backup(engine, files, writer, None)
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(BackupError):
        await find_backup(ArchiveReader(file), None)
    with pytest.raises(RuntimeError):
        async with ArchiveWriter(file) as writer:
            await make_backup(engine, files, writer, None)
            raise RuntimeError
    assert [each.name for each in tmp_path.glob("site.tar*")] == ["site.tar"]
