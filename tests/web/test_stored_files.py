"""Stored objects as answers, and what a storage that fails looks like from outside.

The routes are the tests' own.
"""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from quart import Response

from blog import create_app
from blog.core.storage.interface import StorageFullError, StorageUnavailableError
from blog.core.web.app import Broadside
from blog.core.web.stored_files import StoredBody, stored_file
from settings import Settings
from tests.support import Browser, outbox

KEY = "exports/3f/3f9c.json"
CONTENT = b"0123456789" * 100_000
ADDRESS = f"/file/{KEY}"


async def in_pieces(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture(scope="module")
async def serving(make_settings: Callable[..., Settings]) -> AsyncIterator[Broadside]:
    """An application that serves an object."""
    app = create_app(make_settings(admin_email="root@example.com"))

    @app.get("/file/<path:key>")
    async def file(key: str) -> Response:
        return await stored_file(key)

    @app.get("/download/<path:key>")
    async def download(key: str) -> Response:
        return await stored_file(key, name='"Büro" export.json')

    @app.get("/api/full")
    async def full() -> str:
        raise StorageFullError("the folder /files: no space left on device")

    @app.get("/api/away")
    async def away() -> str:
        raise StorageUnavailableError(
            "the bucket our-site at https://secret.example does not exist"
        )

    async with app.test_app():
        await app.storage.put(KEY, in_pieces(CONTENT))
        await app.storage.put("exports/empty.json", in_pieces(b""))
        yield app
        await app.storage.delete(KEY, "exports/empty.json")


@pytest.fixture
async def reader(app: Broadside, serving: Broadside) -> AsyncIterator[Browser]:
    async with Browser(serving) as visitor:
        yield visitor


async def test_an_object_is_served_as_what_its_key_says(reader: Browser) -> None:
    answer = await reader.get(ADDRESS)
    assert answer.status_code == 200
    assert answer.content == CONTENT
    headers = answer.headers
    assert headers["content-type"] == "application/json"
    assert headers["content-length"] == str(len(CONTENT))
    assert headers["accept-ranges"] == "bytes"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "private, no-cache"
    assert headers["etag"].startswith('"')
    assert "content-disposition" not in headers


async def test_the_head_of_an_object_is_that_of_its_answer(reader: Browser) -> None:
    whole, head = await reader.get(ADDRESS), await reader.head(ADDRESS)
    assert head.content == b""
    differing = {"x-request-id", "server-timing"}
    assert {k: v for k, v in head.headers.items() if k not in differing} == {
        k: v for k, v in whole.headers.items() if k not in differing
    }


@pytest.mark.parametrize(
    ("wanted", "begin", "end"),
    [
        ("bytes=0-3", 0, 4),
        ("bytes=10-", 10, len(CONTENT)),
        ("bytes=-4", len(CONTENT) - 4, len(CONTENT)),
        ("bytes=-2000000", 0, len(CONTENT)),
        ("bytes=999999-", len(CONTENT) - 1, len(CONTENT)),
        ("bytes=300000-5000000", 300_000, len(CONTENT)),
    ],
)
async def test_a_part_is_served_alone(reader: Browser, wanted: str, begin: int, end: int) -> None:
    for answer in (
        await reader.get(ADDRESS, headers={"Range": wanted}),
        await reader.head(ADDRESS, headers={"Range": wanted}),
    ):
        assert answer.status_code == 206
        assert answer.headers["content-range"] == f"bytes {begin}-{end - 1}/{len(CONTENT)}"
        assert answer.headers["content-length"] == str(end - begin)
        assert answer.content in (CONTENT[begin:end], b"")


async def test_a_part_that_is_not_there_is_refused(reader: Browser) -> None:
    answer = await reader.get(ADDRESS, headers={"Range": "bytes=1000000-"})
    assert answer.status_code == 416
    assert "0123456789" not in answer.text


@pytest.mark.parametrize("wanted", ["bytes=5-3", "bytes=a-b", "lines=1-2", "bytes=0-1,4-5"])
async def test_a_range_other_than_one_of_bytes_is_ignored(reader: Browser, wanted: str) -> None:
    answer = await reader.get(ADDRESS, headers={"Range": wanted})
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_an_unchanged_object_is_304(reader: Browser) -> None:
    first = await reader.get(ADDRESS)
    for headers in (
        {"If-None-Match": first.headers["etag"]},
        {"If-Modified-Since": first.headers["last-modified"]},
    ):
        again = await reader.get(ADDRESS, headers=headers)
        assert (again.status_code, again.content) == (304, b"")
    other = await reader.get(ADDRESS, headers={"If-None-Match": '"other"'})
    assert other.content == CONTENT


async def test_a_part_of_another_content_is_not_added_to_the_old_one(reader: Browser) -> None:
    first = await reader.get(ADDRESS)
    headers = {"Range": "bytes=5-", "If-Range": first.headers["etag"]}
    assert (await reader.get(ADDRESS, headers=headers)).status_code == 206
    answer = await reader.get(ADDRESS, headers=headers | {"If-Range": '"other"'})
    assert (answer.status_code, answer.content) == (200, CONTENT)


async def test_a_download_has_its_file_name(reader: Browser) -> None:
    answer = await reader.get(f"/download/{KEY}")
    assert answer.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''%22B%C3%BCro%22%20export.json"
    )


async def test_an_object_may_be_empty(reader: Browser) -> None:
    answer = await reader.get("/file/exports/empty.json")
    assert (answer.status_code, answer.content) == (200, b"")
    part = await reader.get("/file/exports/empty.json", headers={"Range": "bytes=0-"})
    assert part.status_code in {200, 416}


@pytest.mark.parametrize(
    "key",
    ["exports/never.json", "exports/", "..%2F..%2Fsettings.py", ".incoming/x.json", "etc/hosts"],
)
async def test_what_is_not_there_is_a_404(reader: Browser, key: str) -> None:
    assert (await reader.get(f"/file/{key}")).status_code == 404


async def test_an_unreachable_storage_is_reported_without_its_address(
    reader: Browser, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await reader.get("/api/away")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "The file storage" in answer.json()["detail"]
    assert "secret.example" not in answer.text
    assert "secret.example does not exist" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_full_storage_is_reported_to_the_administrators_once(
    reader: Browser, serving: Broadside, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        answer = await reader.get("/api/full")
        assert answer.status_code == 507
        assert answer.headers["retry-after"] == "300"
    assert [mail.recipient for mail in await outbox(serving)] == ["root@example.com"]
    assert "the file storage is full: GET /api/full failed: the folder /files" in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_reader_who_breaks_off_leaves_no_file_open(serving: Broadside) -> None:
    def is_open() -> bool:
        return any(_target(file).endswith(KEY) for file in Path("/proc/self/fd").iterdir())

    stored = await serving.storage.stat(KEY)
    async with StoredBody(serving.storage, stored) as pieces:
        assert await anext(aiter(pieces))
        assert is_open()
    assert not is_open()


def _target(file: Path) -> str:
    try:
        return str(file.readlink())
    except FileNotFoundError:
        return ""
