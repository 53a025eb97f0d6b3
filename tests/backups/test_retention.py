"""Which backups are kept, and which are deleted."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from blog.backups.errors import DamagedBackupError
from blog.backups.making import make_backup
from blog.backups.manifest import backup_name, backup_names, complete_names
from blog.backups.restoring import find_backup, restore_all_files
from blog.backups.retention import Rule, delete_old_backups
from blog.core.storage.folder import FolderStorage
from tests.backups.support import Clock, all_files, images, put_files

TODAY = datetime(2026, 3, 10, 3, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (Rule(days=2), [0, 1, 2]),
        (Rule(daily=3), [0, 1, 2]),
        # The newest of the week in progress, and the Sundays of the two before.
        (Rule(weekly=3), [0, 2, 9]),
        (Rule(monthly=3), [0, 10, 38]),
        (Rule(daily=1, weekly=2, monthly=2), [0, 2, 10]),
        (Rule(daily=1000), list(range(40))),
    ],
)
def test_a_rule_keeps_the_newest_of_each_period(rule: Rule, kept: list[int]) -> None:
    moments = [TODAY - timedelta(days=days) for days in range(40)]
    found = rule.choose_kept(moments, TODAY)
    assert sorted((TODAY - each).days for each in found) == kept


def test_the_newest_backup_is_kept_however_old_it_is() -> None:
    old = TODAY - timedelta(days=1000)
    assert Rule(days=1).choose_kept([old - timedelta(days=1), old], TODAY) == {old}
    assert Rule(days=1).choose_kept([], TODAY) == set()


async def test_old_backups_go_with_the_files_that_no_other_needs(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, clock: Clock, tmp_path: Path
) -> None:
    clock.forward(days=-3)
    await make_backup(engine, files, folder, None)
    deleted = next(iter(images(1)))
    await files.delete(deleted)
    await put_files(files, images(1, first=3))
    clock.forward(days=2)
    newest = await make_backup(engine, files, folder, None)
    clock.forward(hours=1)
    await put_files(folder, {f"backups/{backup_name(clock())}/database.dump": b"being written"})
    # The files are as old as they really are, and it is as late as the clock says.
    clock.forward(days=4)
    await put_files(folder, {f"backups/{backup_name(clock())}/database.dump": b"being written"})

    assert await delete_old_backups(folder, Rule(days=1)) == 1
    assert await complete_names(folder) == [newest.name]
    assert await backup_names(folder) == [newest.name, backup_name(clock())]
    left = images(4)
    del left[deleted]
    assert await all_files(folder, "files") == {
        f"files/clear/{name}": content for name, content in left.items()
    }
    restored = FolderStorage(tmp_path / "restored")
    assert await restore_all_files(await find_backup(folder, None), restored) == 3
    await restored.close()


async def test_no_file_is_deleted_if_a_kept_backup_cannot_be_read(
    engine: AsyncEngine, files: FolderStorage, folder: FolderStorage, clock: Clock, tmp_path: Path
) -> None:
    manifest = await make_backup(engine, files, folder, None)
    (tmp_path / "backups" / manifest.file_list.key).write_bytes(b"")
    clock.forward(days=9)
    with pytest.raises(DamagedBackupError):
        await delete_old_backups(folder, Rule(days=1))
    assert len(await folder.page("files")) == 3
