"""Deleting stored objects that nothing records."""

import os
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

from blog.core.clock import now
from blog.core.storage.folder import FolderStorage
from blog.core.storage.sweeping import delete_old
from tests.core.storage.support import chunks

OLD, NEEDED, NEW, ELSEWHERE = "a/1f/old.bin", "a/2f/needed.bin", "a/3f/new.bin", "b/1f/old.bin"


async def test_old_objects_of_a_folder_go_unless_they_are_needed(
    in_folder: FolderStorage, tmp_path: Path
) -> None:
    day_before_yesterday = (now() - timedelta(days=2)).timestamp()
    for key in (OLD, NEEDED, NEW, ELSEWHERE):
        await in_folder.put(key, chunks(b"x"))
        if key != NEW:
            path = tmp_path / "var" / "files" / key
            os.utime(path, (day_before_yesterday, day_before_yesterday))
    asked: list[str] = []

    async def needed(names: Collection[str]) -> Collection[str]:
        asked.extend(names)
        return {"needed"}

    await delete_old(in_folder, "a", now() - timedelta(days=1), needed)
    assert sorted(asked) == ["needed", "old"]
    assert [stored.key for stored in await in_folder.page()] == [NEEDED, NEW, ELSEWHERE]
