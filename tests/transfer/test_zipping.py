"""Archives are written as streams, and read by any program."""

import asyncio
import io
import shutil
import tracemalloc
import zipfile
from asyncio.subprocess import PIPE
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from blog.transfer.exporting.zipping import CHUNK_BYTES, File, zip_stream

MOMENT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)


async def files_of(*files: File) -> AsyncGenerator[File, None]:
    for file in files:
        yield file


async def chunks(content: bytes, number: int) -> AsyncGenerator[bytes, None]:
    for _ in range(number):
        yield content


async def archive_of(*files: File) -> bytes:
    return b"".join([piece async for piece in zip_stream(files_of(*files))])


FILES = (
    File("README.md", b"Some text. " * 50, MOMENT),
    File("posts/真.md", b"", MOMENT),
    File("media/a.webp", chunks(b"\0" * 1000, 3), MOMENT, is_compressed=True),
    File("comments.json", chunks(b"[]" * 5000, 100), datetime(1970, 1, 1, tzinfo=UTC)),
)


async def test_an_archive_has_its_files_in_their_order() -> None:
    with zipfile.ZipFile(io.BytesIO(await archive_of(*FILES))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [file.name for file in FILES]
        assert archive.read("README.md") == FILES[0].content
        assert archive.read("media/a.webp") == b"\0" * 3000
        assert len(archive.read("comments.json")) == 1_000_000
        readme, _, image, comments = archive.infolist()
        assert readme.date_time == (2026, 11, 26, 9, 30, 0)
        assert comments.date_time == (1980, 1, 1, 0, 0, 0)
        assert (readme.compress_type, image.compress_type) == (
            zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED,
        )  # fmt: skip


@pytest.mark.skipif(not shutil.which("unzip"), reason="there is no unzip")
async def test_other_programs_read_an_archive(tmp_path: Path) -> None:
    file = tmp_path / "archive.zip"
    contents = [File(f"posts/{number}.md", b"x", MOMENT) for number in range(70_000)]
    image = File("media/a.webp", chunks(b"\0" * 1000, 3), MOMENT, is_compressed=True)
    file.write_bytes(await archive_of(image, *contents))
    testing = await asyncio.create_subprocess_exec("unzip", "-tq", file, stdout=PIPE)
    printed, _ = await testing.communicate()
    assert (testing.returncode, printed[:18]) == (0, b"No errors detected")


async def test_an_archive_takes_no_more_memory_because_its_files_are_large() -> None:
    async def many() -> AsyncGenerator[File, None]:
        for number in range(20):
            image = chunks(bytes(64 * 1024), 100)
            yield File(f"media/{number}.webp", image, MOMENT, is_compressed=True)

    sizes = []
    tracemalloc.start()
    async for piece in zip_stream(many()):
        sizes.append(len(piece))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(sizes) > 130_000_000
    assert max(sizes) < 2 * CHUNK_BYTES
    assert peak < 4_000_000
