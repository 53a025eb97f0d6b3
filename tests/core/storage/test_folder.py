"""What is particular about objects in a folder."""

import asyncio
import errno
import os
import stat
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from blog.core.storage.folder import INCOMING, PIECE, FolderStorage
from blog.core.storage.interface import StorageFullError, StorageUnavailableError
from tests.core.storage.support import chunks, content_of, long_content
from tests.servers import until

KEY = "images/3f/3f9c.webp"
PROJECT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The folder of `in_folder`."""
    return tmp_path / "var" / "files"


async def test_folders_and_files_are_for_their_owner_alone(
    in_folder: FolderStorage, root: Path
) -> None:
    mask = os.umask(0)
    try:
        await in_folder.put(KEY, chunks(b"x"))
    finally:
        os.umask(mask)
    assert stat.S_IMODE((root / KEY).stat().st_mode) == 0o600
    for folder in (root, root / INCOMING, root / "images", root / "images" / "3f"):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


async def test_a_file_is_synced_before_its_name_and_the_name_before_the_answer(
    in_folder: FolderStorage, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_folder.put("images/3f/first.webp", chunks(b"x"))
    steps: list[str] = []
    sync, rename = os.fsync, Path.rename

    def watched_sync(number: int) -> None:
        name = str(Path(f"/proc/self/fd/{number}").readlink())
        steps.append(f"sync {name.replace(str(root), '')}")
        sync(number)

    def watched_rename(path: Path, target: Path) -> Path:
        steps.append("rename")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", watched_sync)
    monkeypatch.setattr(Path, "rename", watched_rename)
    await in_folder.put(KEY, chunks(b"x"))
    assert [step.split("/.incoming/")[0] for step in steps] == [
        "sync ",
        "rename",
        "sync /images/3f",
    ]
    steps.clear()
    await in_folder.put("new/4a/4a.webp", chunks(b"x"))
    folders = ["sync ", "sync /new", "rename", "sync /new/4a"]
    assert [step.split("/.incoming/")[0] for step in steps] == ["sync ", *folders]


@pytest.mark.live
async def test_a_process_that_is_killed_between_any_two_lines_leaves_a_whole_object(
    tmp_path: Path,
) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.storage.dying", tmp_path,
        cwd=PROJECT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    # Python 3.12 and newer warn on standard error of a fork beside threads.
    output, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    killed, new, left = map(int, output.split())
    assert killed > 40
    assert 0 < new < killed
    assert 0 < left < killed


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("step", ["write", "fsync"])
async def test_a_full_disk_is_reported_and_leaves_nothing(
    in_folder: FolderStorage, root: Path, monkeypatch: pytest.MonkeyPatch, number: int, step: str
) -> None:
    await in_folder.put("images/other.webp", chunks(b"x"))
    work = getattr(os, step)

    def fail(*arguments: object) -> object:
        if threading.current_thread().name.startswith("storage"):
            raise OSError(number, os.strerror(number))
        return work(*arguments)

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(StorageFullError, match=str(root)):
        await in_folder.put(KEY, long_content(b"x" * PIECE, 3))
    monkeypatch.undo()
    assert list((root / INCOMING).iterdir()) == []
    assert [stored.key for stored in await in_folder.page()] == ["images/other.webp"]


async def test_an_obstacle_to_the_folder_is_reported(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("a file")
    storage = FolderStorage(tmp_path / "files")
    with pytest.raises(StorageUnavailableError, match="files: not a directory"):
        await storage.put(KEY, chunks(b"x"))
    await storage.close()


async def test_a_hanging_disk_does_not_block_other_work(
    in_folder: FolderStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await in_folder.put("images/other.webp", chunks(b"x"))
    hangs, goes_on, sync = threading.Event(), threading.Event(), os.fsync

    def slow_sync(number: int) -> None:
        hangs.set()
        goes_on.wait()
        sync(number)

    monkeypatch.setattr(os, "fsync", slow_sync)
    task = asyncio.create_task(in_folder.put(KEY, chunks(b"x")))
    try:
        assert await asyncio.to_thread(hangs.wait, 10)
        assert await content_of(in_folder, "images/other.webp") == b"x"
        assert not task.done()
    finally:
        goes_on.set()
    assert await task == 1


async def test_a_slow_client_keeps_a_file_and_no_thread(in_folder: FolderStorage) -> None:
    end = asyncio.Event()
    begun: list[int] = []

    async def slow() -> AsyncIterator[bytes]:
        yield b"x" * PIECE
        begun.append(1)
        await end.wait()

    async def all_begun() -> bool:
        return len(begun) == len(tasks)

    tasks = [
        asyncio.create_task(in_folder.put(f"images/{number}.webp", slow())) for number in range(20)
    ]
    try:
        await until(all_begun)
        await in_folder.put(KEY, chunks(b"x"))
    finally:
        end.set()
    assert set(await asyncio.gather(*tasks)) == {PIECE}


async def test_files_that_are_no_objects_are_left_alone(
    in_folder: FolderStorage, root: Path
) -> None:
    await in_folder.put(KEY, chunks(b"x"))
    for name in ("README", "images/.DS_Store", "images/3f/Thumbs.db", ".incoming/recent"):
        (root / name).write_text("somebody's")
    second = FolderStorage(root)
    await second.put(KEY, chunks(b"x"))
    assert [stored.key for stored in await second.page()] == [KEY]
    assert (root / ".incoming/recent").exists()
    await second.close()
