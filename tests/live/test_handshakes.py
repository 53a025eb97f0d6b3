"""WebSocket handshakes and the like are refused, counted, and closed."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import psutil
import pytest

from tests.servers import Server, serving, until, workers_of

HEAD = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
KEY = b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
COUNTED = re.compile(r'broadside_requests_total\{.*status="400"\} ([0-9.]+)')
HANDSHAKES = {
    "well-formed": HEAD + KEY + b"\r\n",
    "with a frame behind it": HEAD + KEY + b"\r\n\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
    "without a key": HEAD + b"\r\n",
    "of another version": HEAD + KEY.replace(b"13", b"8") + b"\r\n",
    "among others": HEAD.replace(b"websocket", b"h2c, WebSocket") + KEY + b"\r\n",
    "to nowhere": HEAD.replace(b"/ ", b"/nowhere ") + KEY + b"\r\n",
    "with a body": HEAD + KEY + b"Content-Length: 5\r\n\r\nhello",
    "to another host": HEAD.replace(b"127.0.0.1", b"evil.example") + KEY + b"\r\n",
}


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, site_url: str) -> AsyncIterator[Server]:
    """The site, which must not have logged an error in the end."""
    var_dir = tmp_path_factory.mktemp("handshakes")
    async with serving(var_dir, database_url=site_url) as running:
        yield running
    assert "Traceback" not in running.output
    assert "ERROR" not in running.output


async def handshake(server: Server, request: bytes) -> tuple[bytes, asyncio.StreamWriter]:
    """All that the server says before it closes, and our own end, still open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    async with asyncio.timeout(20):
        return await reader.read(), writer


async def refused(server: Server) -> float:
    """How many requests were answered by 400, by what `/metrics` shows."""
    async with httpx.AsyncClient(timeout=60) as client:
        figures = (await client.get(f"{server.url}/metrics")).text
    return sum(map(float, COUNTED.findall(figures)))


@pytest.mark.parametrize("kind", HANDSHAKES)
async def test_a_handshake_is_refused_and_counted_and_its_connection_closed(
    server: Server, kind: str
) -> None:
    before = await refused(server)
    answer, writer = await handshake(server, HANDSHAKES[kind])
    writer.close()
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert answer.count(b"HTTP/1.1 ") == 1
    assert await refused(server) == before + 1


async def test_refused_handshakes_leave_nothing_open(server: Server) -> None:
    (worker,) = workers_of(server)

    async def has_none_open() -> bool:
        open_ones = worker.net_connections("tcp")
        return all(one.status == psutil.CONN_LISTEN for one in open_ones)

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(handshake(server, request))
            for request in HANDSHAKES.values()
            for _ in range(8)
        ]
    await until(has_none_open)
    for task in tasks:
        task.result()[1].close()


@pytest.mark.parametrize("settings", [b"AAMAAABkAAQAAP__", b"", b"!", b"\xff", b"AAMAAA"])
async def test_a_proposal_of_http_2_is_passed_over(server: Server, settings: bytes) -> None:
    request = (
        b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        b"Connection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: "
        + settings
        + b"\r\n\r\n"
    )
    answer, writer = await handshake(server, request)
    writer.close()
    assert answer.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("target", [b"127.0.0.1:5432", b"evil.example:443", b"/", b"*"])
async def test_nothing_is_connected_to(server: Server, target: bytes) -> None:
    request = b"CONNECT " + target + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    answer, writer = await handshake(server, request)
    writer.close()
    assert answer.startswith((b"HTTP/1.1 404 ", b"HTTP/1.1 405 "))
