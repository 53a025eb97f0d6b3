"""Large uploads to a real server, by both versions of HTTP."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.servers import Server, serving, until, workers_of

PROJECT = Path(__file__).parents[2]
MIB = 1024 * 1024
# No two parts of it are the same, so that a lost or repeated one would be seen.
CONTENT = b"".join(number.to_bytes(4) * (MIB // 64) for number in range(20 * 16))
BOUNDARY = b"a-boundary"
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}"}
FORM = (
    b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="alt"\r\n\r\nA cat\r\n'
    b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
    + CONTENT + b"\r\n--" + BOUNDARY + b"--\r\n"
)  # fmt: skip


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("uploads")


@pytest.fixture(scope="module")
async def server(place: Path, site_url: str) -> AsyncIterator[Server]:
    """The site with routes for uploads, which must not have logged an error in the end."""
    command = ("hypercorn", "tests.live.uploading:app")
    async with serving(place, *command, database_url=site_url, pythonpath=PROJECT) as running:
        yield running
    assert "Traceback" not in running.output
    assert "ERROR" not in running.output


@pytest.fixture(params=["HTTP/1.1", "HTTP/2"])
async def client(
    server: Server, place: Path, request: pytest.FixtureRequest
) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a site that has no file."""
    (place / "files" / "uploads" / "file.bin").unlink(missing_ok=True)
    is_new = request.param == "HTTP/2"
    async with httpx.AsyncClient(
        base_url=server.url, http1=not is_new, http2=is_new, timeout=60
    ) as opened:
        yield opened


async def in_pieces(body: bytes, upto: int | None = None) -> AsyncIterator[bytes]:
    """A body without an announced length."""
    for start in range(0, len(body) if upto is None else upto, 100_000):
        yield body[start : start + 100_000]


def files(place: Path) -> list[Path]:
    """What is stored, and what is half stored."""
    return [path for path in (place / "files").rglob("*") if path.is_file()]


@pytest.mark.parametrize("announced", [True, False])
async def test_twenty_megabytes_come_and_go(client: httpx.AsyncClient, announced: bool) -> None:
    for address, body, headers in (("/api/raw", CONTENT, {}), ("/api/form", FORM, MULTIPART)):
        length = {"Content-Length": str(len(body))} if announced else {}
        answer = await client.post(address, content=in_pieces(body), headers=headers | length)
        assert (answer.status_code, answer.text) == (200, str(len(CONTENT)))
        assert (await client.get("/api/file")).content == CONTENT
        part = await client.get("/api/file", headers={"Range": "bytes=5000000-9999999"})
        assert part.content == CONTENT[5_000_000:10_000_000]


async def test_uploads_at_the_same_time_take_little_memory(
    client: httpx.AsyncClient, server: Server
) -> None:
    def peak() -> int:
        status = Path(f"/proc/{worker.pid}/status").read_text()
        found = re.search(r"VmHWM:\s+(\d+) kB", status)
        assert found
        return int(found[1]) * 1024

    (worker,) = workers_of(server)
    await client.post("/api/raw", content=b"x")
    # From now on it is the most since this moment (proc_pid_clear_refs(5)).
    Path(f"/proc/{worker.pid}/clear_refs").write_text("5")
    before = peak()
    await asyncio.gather(
        *(client.post("/api/raw", content=in_pieces(CONTENT)) for _ in range(3)),
        *(client.post("/api/form", content=in_pieces(FORM), headers=MULTIPART) for _ in range(3)),
    )
    assert peak() - before < 24 * MIB


async def test_a_client_that_breaks_off_leaves_nothing(
    client: httpx.AsyncClient, server: Server, place: Path
) -> None:
    async def broken_off(body: bytes) -> AsyncIterator[bytes]:
        async for piece in in_pieces(body, 5 * MIB):
            yield piece
        await until(something_has_arrived)
        raise ConnectionAbortedError

    async def something_has_arrived() -> bool:
        return bool(files(place))

    async def nothing_is_left() -> bool:
        return not files(place)

    for address, body, headers in (("/api/raw", CONTENT, {}), ("/api/form", FORM, MULTIPART)):
        async with httpx.AsyncClient(timeout=60, base_url=server.url) as other:
            with suppress(ConnectionAbortedError):
                await other.post(address, content=broken_off(body), headers=headers)
        await until(nothing_is_left)
        assert (await client.get("/api/file")).status_code == 404


async def test_a_client_refused_while_sending_gets_the_response(client: httpx.AsyncClient) -> None:
    too_large = CONTENT + b"x" * 2 * MIB
    for length in ({}, {"Content-Length": str(len(too_large))}):
        answer = await client.post("/api/raw", content=in_pieces(too_large), headers=length)
        assert answer.status_code == 413
        assert "larger than the limit of 21 MiB" in answer.text
    assert (await client.post("/api/refusing", content=in_pieces(CONTENT))).status_code == 403
