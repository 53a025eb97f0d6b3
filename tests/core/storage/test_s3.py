"""What is particular about objects in a bucket, and how a store that fails is dealt with."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from blog.core.storage import s3 as module
from blog.core.storage.interface import StorageFullError, StorageUnavailableError
from blog.core.storage.s3 import PART, Bucket, S3Storage
from tests.buckets import KEYS
from tests.core.storage.support import chunks, content_of, long_content
from tests.servers import free_port

pytestmark = pytest.mark.live

KEY = "images/3f/3f9c.webp"
MB = 1024 * 1024
OK = b'HTTP/1.1 200 OK\r\nETag: "x"\r\nLast-Modified: Thu, 26 Nov 2026 08:00:00 GMT\r\n'


def at(port: int, timeout: float = 0.5) -> S3Storage:
    """A storage in a bucket of the server that listens there."""
    address = f"http://127.0.0.1:{port}"
    return S3Storage(Bucket("bucket", address, "us-east-1", *KEYS, path_style=True), timeout)


@asynccontextmanager
async def answering(*answers: bytes | None) -> AsyncIterator[tuple[int, list[str]]]:
    """A server that gives these answers, one a request; `None` and all later ones never come.

    Gives:
        Its port, and the heads of the requests.
    """
    heads: list[str] = []
    rest = list(answers)
    hanging = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                heads.append(head)
                if "content-length: " in head:
                    length = int(head.split("content-length: ")[1].split("\r\n")[0])
                    await reader.readexactly(length)
                answer = rest.pop(0) if rest else None
                if answer is None:
                    await hanging.wait()
                    return
                writer.write(answer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1], heads
    finally:
        hanging.set()
        server.close()


async def test_an_object_has_its_content_type_in_the_bucket(
    in_bucket: S3Storage, s3: Any, bucket: Bucket
) -> None:
    await in_bucket.put(KEY, chunks(b"x"))
    await in_bucket.put("exports/a.json", long_content(b"x" * MB, 7))
    for key, expected in ((KEY, "image/webp"), ("exports/a.json", "application/json")):
        found = await asyncio.to_thread(s3.head_object, Bucket=bucket.name, Key=key)
        assert found["ContentType"] == expected


async def test_objects_of_others_are_left_alone(
    in_bucket: S3Storage, s3: Any, bucket: Bucket
) -> None:
    for name in ("README", "images/.keep", "images/A.webp", "images/b.html"):
        await asyncio.to_thread(s3.put_object, Bucket=bucket.name, Key=name, Body=b"theirs")
    await in_bucket.put("images/a.webp", chunks(b"x"))
    await in_bucket.put("images/c.webp", chunks(b"x"))
    for limit in (1, 2, 3):
        found = await in_bucket.page("images", limit=limit)
        assert [stored.key for stored in found] == ["images/a.webp", "images/c.webp"][:limit]


async def test_more_is_deleted_than_one_request_can(
    in_bucket: S3Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_DELETED", 2)
    keys = [f"images/{number}.webp" for number in range(5)]
    for key in keys:
        await in_bucket.put(key, chunks(b"x"))
    await in_bucket.delete(*keys)
    assert await in_bucket.page("images") == []


USES: list[tuple[str, Callable[[S3Storage], Awaitable[object]]]] = [
    ("put", lambda storage: storage.put(KEY, chunks(b"x"))),
    ("put much", lambda storage: storage.put(KEY, long_content(b"x" * MB, 12))),
    ("stat", lambda storage: storage.stat(KEY)),
    ("read", lambda storage: content_of(storage, KEY)),
    ("delete", lambda storage: storage.delete(KEY)),
    ("page", lambda storage: storage.page()),
]


@pytest.mark.parametrize(("name", "use"), USES)
async def test_a_request_to_a_hanging_store_times_out(
    name: str, use: Callable[[S3Storage], Awaitable[object]]
) -> None:
    async with answering(None) as (port, _), asyncio.timeout(20):
        with pytest.raises(StorageUnavailableError, match=r"has not answered within 0\.5 s"):
            await use(at(port))


async def test_a_download_from_a_hanging_store_times_out() -> None:
    half = OK + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1000
    async with answering(half) as (port, _), asyncio.timeout(20):
        with pytest.raises(StorageUnavailableError, match="has not answered"):
            await content_of(at(port), KEY)


async def test_an_upload_to_a_hanging_store_is_aborted() -> None:
    begun = b"<InitiateMultipartUploadResult><UploadId>7</UploadId></InitiateMultipartUploadResult>"
    answer = OK + b"Content-Length: %d\r\n\r\n" % len(begun) + begun
    async with answering(answer) as (port, heads), asyncio.timeout(10):
        with pytest.raises(StorageUnavailableError, match="has not answered"):
            await at(port).put(KEY, long_content(b"x" * PART, 4))
    assert [head.split()[0] for head in heads][:2] == ["POST", "PUT"]
    assert "DELETE" in [head.split()[0] for head in heads]


@pytest.mark.parametrize(("name", "use"), USES)
async def test_an_unreachable_store_is_reported(
    name: str, use: Callable[[S3Storage], Awaitable[object]]
) -> None:
    async with asyncio.timeout(10):
        with pytest.raises(StorageUnavailableError, match="the bucket bucket at http://127"):
            await use(at(free_port(), timeout=5))


async def test_a_temporary_failure_of_the_store_is_retried() -> None:
    weak = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n"
    found = OK + b"Content-Length: 1\r\n\r\nx"
    async with answering(weak, found) as (port, _):
        assert await content_of(at(port, timeout=10), KEY) == b"x"


async def test_a_missing_bucket_is_reported(bucket: Bucket) -> None:
    storage = S3Storage(bucket._replace(name="no-such-bucket"), timeout=10)
    with pytest.raises(StorageUnavailableError, match=r"no-such-bucket at .* does not exist"):
        await storage.put(KEY, chunks(b"x"))
    with pytest.raises(StorageUnavailableError, match="does not exist"):
        await storage.page()


async def test_an_invalid_access_key_is_reported_without_the_secret() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n"
    async with answering(refusal) as (port, _):
        with pytest.raises(StorageUnavailableError, match="403 Forbidden") as caught:
            await at(port).put(KEY, chunks(b"x"))
    assert KEYS[1] not in str(caught.value)


async def test_a_full_store_is_reported() -> None:
    refusal = b"HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\n\r\n"
    async with answering(*[refusal] * 10) as (port, _):
        with pytest.raises(StorageFullError, match="the bucket bucket at http://127"):
            await at(port, timeout=10).put(KEY, chunks(b"x"))


async def test_the_environment_variables_of_aws_are_ignored(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    elsewhere = f"http://127.0.0.1:{free_port()}"
    for name, value in {
        "AWS_ENDPOINT": elsewhere,
        "AWS_ENDPOINT_URL": elsewhere,
        "AWS_ENDPOINT_URL_S3": elsewhere,
        "AWS_ACCESS_KEY_ID": "somebody else",
        "AWS_SECRET_ACCESS_KEY": "another secret",
        "AWS_SESSION_TOKEN": "a token",
        "AWS_REGION": "eu-north-1",
        "AWS_SKIP_SIGNATURE": "true",
        "AWS_S3_EXPRESS": "true",
        "AWS_VIRTUAL_HOSTED_STYLE_REQUEST": "true",
    }.items():
        monkeypatch.setenv(name, value)
    async with answering(OK + b"Content-Length: 1\r\n\r\n") as (port, heads):
        await at(port).stat(KEY)
    assert heads[0].startswith(f"HEAD /bucket/{KEY} ")
    assert f"Credential={KEYS[0]}/" in heads[0]
    assert "/us-east-1/s3/" in heads[0]
    assert "a token" not in heads[0]


@pytest.mark.parametrize(
    ("endpoint", "path_style", "address"),
    [
        ("", True, "https://s3.eu-west-1.amazonaws.com"),
        ("", False, "https://photos.s3.eu-west-1.amazonaws.com"),
        ("http://localhost:9000", True, "http://localhost:9000"),
        ("https://s3.example.com", False, "https://photos.s3.example.com"),
    ],
)
def test_a_bucket_is_named_in_the_path_or_in_the_host(
    endpoint: str, path_style: bool, address: str
) -> None:
    assert Bucket("photos", endpoint, "eu-west-1", *KEYS, path_style=path_style).address == address
