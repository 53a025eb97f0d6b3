"""What every storage does, shown for both of them."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from blog.core.storage.folder import INCOMING
from blog.core.storage.interface import NoSuchObjectError, Storage
from blog.core.storage.keys import InvalidKeyError
from blog.core.storage.s3 import S3Storage
from tests.core.storage.support import chunks, content_of, long_content

KEY = "images/3f/3f9c.webp"
MB = 1024 * 1024
PROJECT = Path(__file__).parents[3]

NO_KEYS = [
    "", "x", "x.webp", "../x.webp", "images/../x.webp", "/images/x.webp", "images//x.webp",
    "images/.x.webp", "./images/x.webp", "images/x", "images/x.html", "images/x.svg",
    "images/x.webp/", "images/x.y.webp", "images/x.webp\n", "images/x\0.webp",
    "images\\x.webp", "images/X.webp", "images/é.webp", ".incoming/x.webp",
    "a/" * 7 + "x.webp", f"images/{'x' * 101}.webp", "images.webp/x.webp",
    "images/..webp", "images/%2e%2e/x.webp",
]  # fmt: skip
NO_FOLDERS = ["..", "/", "images/", "images/..", "Images", ".incoming", "a//b", "images/3f9c.webp"]


async def test_a_stored_object_is_read_back(storage: Storage) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    assert await storage.put(KEY, chunks(b"one ", b"", b"two")) == 7
    stored = await storage.stat(KEY)
    assert (stored.key, stored.size) == (KEY, 7)
    assert before < stored.modified < datetime.now(UTC) + timedelta(seconds=2)
    assert stored.etag and '"' not in stored.etag
    assert await content_of(storage, KEY) == b"one two"


@pytest.mark.parametrize("given", [(), (b"",)])
async def test_an_object_may_be_empty(storage: Storage, given: tuple[bytes, ...]) -> None:
    assert await storage.put(KEY, chunks(*given)) == 0
    assert (await storage.stat(KEY)).size == 0
    assert await content_of(storage, KEY) == b""
    assert await content_of(storage, KEY, 0, 0) == b""


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [(0, 4, b"0123"), (3, 7, b"3456"), (3, None, b"3456789"), (9, 10, b"9"), (4, 4, b"")],
)
async def test_a_part_is_read_alone(
    storage: Storage, start: int, stop: int | None, expected: bytes
) -> None:
    await storage.put(KEY, chunks(b"0123456789"))
    assert await content_of(storage, KEY, start, stop) == expected


@pytest.mark.parametrize("key", NO_KEYS)
async def test_an_invalid_key_is_refused_by_every_method(storage: Storage, key: str) -> None:
    for use in (
        lambda: storage.put(key, chunks(b"x")),
        lambda: storage.stat(key),
        lambda: content_of(storage, key),
        lambda: storage.delete(KEY, key),
    ):
        with pytest.raises(InvalidKeyError):
            await use()
    assert await storage.page() == []


@pytest.mark.parametrize("folder", NO_FOLDERS)
async def test_an_invalid_folder_is_refused(storage: Storage, folder: str) -> None:
    with pytest.raises(InvalidKeyError):
        await storage.page(folder)


async def test_a_missing_object_is_reported(storage: Storage) -> None:
    await storage.put(KEY, chunks(b"x"))
    for missing in ("images/3f/other.webp", "images/3f9c.webp", "other/3f/3f9c.webp"):
        with pytest.raises(NoSuchObjectError):
            await storage.stat(missing)
        with pytest.raises(NoSuchObjectError):
            await content_of(storage, missing)


async def test_to_delete_twice_is_to_delete_once(storage: Storage) -> None:
    keys = [f"images/{number}.webp" for number in range(3)]
    for key in keys:
        await storage.put(key, chunks(b"x"))
    await storage.delete(keys[0])
    await storage.delete(keys[0])
    with pytest.raises(NoSuchObjectError):
        await storage.stat(keys[0])
    await storage.delete(*keys[:2], "images/never.webp")
    assert [stored.key for stored in await storage.page()] == keys[2:]
    await storage.delete()
    assert len(await storage.page()) == 1


async def test_pages_have_all_objects_of_a_folder_in_order(storage: Storage) -> None:
    """The order is that of whole keys as bytes, in which `-` and `.` come before `/`."""
    keys = [
        "images-2/a.webp", "images/a-b.webp", "images/a.webp", "images/a/b.webp",
        "images/a/c/d.webp", "images/a_b.webp", "images/b/a.webp", "images2/a.webp", "zip/x.zip",
    ]  # fmt: skip
    assert keys == sorted(keys)
    for key in reversed(keys):
        await storage.put(key, chunks(b"x"))
    assert [stored.key for stored in await storage.page()] == keys
    for folder in ("images", "images/a", "images-2", "zip", "nothing"):
        within = [key for key in keys if key.startswith(f"{folder}/")]
        assert [stored.key for stored in await storage.page(folder)] == within
        for limit in (1, 2, 3):
            found, after = [], ""
            while page := await storage.page(folder, after, limit):
                assert len(page) <= limit
                found += [stored.key for stored in page]
                after = page[-1].key
                if len(page) < limit:
                    break
            assert found == within, (folder, limit)
    listed = {stored.key: stored for stored in await storage.page()}
    assert listed[keys[0]] == await storage.stat(keys[0])


async def test_a_page_can_start_after_a_deleted_key(storage: Storage) -> None:
    for name in "abde":
        await storage.put(f"images/{name}.webp", chunks(b"x"))
    found = await storage.page("images", after="images/c.webp")
    assert [stored.key for stored in found] == ["images/d.webp", "images/e.webp"]
    assert await storage.page("images", after="zip/a.zip") == []


@pytest.fixture
def leftovers(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], list[Any]]:
    """What half an upload has left that no method of the storage shows."""
    if request.node.callspec.params["storage"] == "in_folder":
        return lambda: list((tmp_path / "var" / "files" / INCOMING).glob("*"))
    s3, bucket = request.getfixturevalue("s3"), request.getfixturevalue("bucket")
    return lambda: s3.list_multipart_uploads(Bucket=bucket.name).get("Uploads", [])


async def broken_off(size: int) -> AsyncIterator[bytes]:
    """What a client sends who goes away after so many bytes."""
    for _ in range(size // MB):
        yield b"x" * MB
    yield b"x" * (size % MB)
    raise ConnectionResetError


@pytest.mark.parametrize("size", [0, 10, 12 * MB])
async def test_content_that_fails_leaves_nothing(
    storage: Storage, size: int, leftovers: Callable[[], list[Any]]
) -> None:
    with pytest.raises(ConnectionResetError):
        await storage.put(KEY, broken_off(size))
    with pytest.raises(NoSuchObjectError):
        await storage.stat(KEY)
    assert await storage.page() == []
    assert leftovers() == []


@pytest.mark.parametrize("size", [0, 10, 12 * MB])
async def test_a_cancelled_caller_leaves_nothing(
    storage: Storage, size: int, leftovers: Callable[[], list[Any]]
) -> None:
    is_waiting = asyncio.Event()

    async def stalled() -> AsyncIterator[bytes]:
        for _ in range(size // MB):
            yield b"x" * MB
        yield b"x" * (size % MB)
        is_waiting.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(_put(storage, stalled()))
    await is_waiting.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(NoSuchObjectError):
        await storage.stat(KEY)
    assert leftovers() == []


async def test_a_caller_cancelled_at_any_step_leaves_all_or_nothing(
    storage: Storage, leftovers: Callable[[], list[Any]]
) -> None:
    """Also one that is cancelled while the storage is at work, and not the client."""
    for steps in range(40):
        task = asyncio.create_task(_put(storage, long_content(b"x" * MB, 7)))
        for _ in range(steps):
            await asyncio.sleep(0.001 if steps % 2 else 0)
        task.cancel()
        (outcome,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(outcome, asyncio.CancelledError | int)
        assert [stored.size for stored in await storage.page()] in ([], [7 * MB])
        assert leftovers() == []
        await storage.delete(KEY)


async def _put(storage: Storage, content: AsyncIterator[bytes]) -> int:
    return await storage.put(KEY, content)


async def test_readers_have_one_object_as_a_whole_while_others_replace_it(
    storage: Storage,
) -> None:
    """Each content is of one letter, so that a mixture would be seen."""
    contents = [letter * (MB + number) for number, letter in enumerate([b"a", b"b", b"c"])]
    await storage.put(KEY, chunks(contents[0]))
    # moto 5 fails with two writers: it closes an object that is replaced while it hashes it.
    turn = asyncio.Semaphore(1 if isinstance(storage, S3Storage) else len(contents))

    async def write(content: bytes) -> None:
        for _ in range(5):
            async with turn:
                await storage.put(KEY, chunks(content[:1000], content[1000:]))

    async def read() -> None:
        for _ in range(10):
            assert await content_of(storage, KEY) in contents

    await asyncio.gather(*(write(content) for content in contents), *(read() for _ in range(3)))
    assert await content_of(storage, KEY) in contents
    assert len(await storage.page()) == 1


async def test_a_reader_continues_with_the_replaced_object(storage: Storage) -> None:
    old, new = b"old" * MB, b"new!" * MB
    await storage.put(KEY, chunks(old))
    tag = (await storage.stat(KEY)).etag
    async with aclosing(storage.read(KEY)) as pieces:
        found = await anext(pieces)
        await storage.put(KEY, chunks(new))
        async for piece in pieces:
            found += piece
    assert found == old
    assert (await storage.stat(KEY)).etag != tag
    assert await content_of(storage, KEY) == new


async def test_many_may_put_and_read_at_once(storage: Storage) -> None:
    async def work(number: int) -> None:
        key, content = f"images/{number}.webp", b"%d" % number * 400_000
        await storage.put(key, chunks(content[:7], content[7:]))
        assert await content_of(storage, key) == content
        await storage.delete(key)

    await asyncio.gather(*(work(number) for number in range(20)))
    assert await storage.page() == []


@pytest.mark.parametrize(("kind", "most"), [("folder", 4 * MB), ("bucket", 24 * MB)])
async def test_forty_megabytes_take_little_memory(
    kind: str, most: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    """A bucket has an object in parts of 5 MiB, of which one arrives while another is sent."""
    bucket = request.getfixturevalue("bucket") if kind == "bucket" else None
    place = [bucket.endpoint, bucket.name] if bucket else [tmp_path]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.storage.streaming", *place,
        cwd=PROJECT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    assert int(output) < most


async def test_a_reader_that_stops_early_can_close(storage: Storage) -> None:
    await storage.put(KEY, long_content(b"x" * MB, 5))
    async with aclosing(storage.read(KEY)) as pieces:
        assert 0 < len(await anext(pieces)) < 2 * MB
    assert (await storage.stat(KEY)).size == 5 * MB


async def test_a_failure_of_the_content_is_not_a_storage_error(
    storage: Storage,
) -> None:
    async def failing(error: Exception) -> AsyncIterator[bytes]:
        yield b"x"
        raise error

    for error in (FileNotFoundError("theirs"), TimeoutError("theirs"), OSError("theirs")):
        with pytest.raises(type(error), match="theirs"):
            await storage.put(KEY, failing(error))
