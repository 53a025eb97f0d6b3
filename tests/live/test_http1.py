"""HTTP/1.1 over a real socket: what RFC 9112 lets a client send, and what ends a connection."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from tests.live.test_protocol import exchange, status_of
from tests.servers import Server, serving

GET = b"GET /auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\n"
LAST = b"Connection: close\r\n\r\n"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, site_url: str) -> AsyncIterator[Server]:
    """The site, which must not have logged an error in the end."""
    var_dir = tmp_path_factory.mktemp("http1")
    async with serving(var_dir, database_url=site_url, allowed_hosts="blog.test") as running:
        yield running
    assert "Traceback" not in running.output
    assert "ERROR" not in running.output


@pytest.mark.parametrize("parts", [[b"\r\n"], [b"\r", b"\n"], [b"\r\n\r\n"], [b"\n"]])
async def test_line_breaks_before_a_request_are_passed_over(
    server: Server, parts: list[bytes]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for request in (GET + b"\r\n", GET + LAST):
        for part in (*parts, request):
            writer.write(part)
            await writer.drain()
        head = await reader.readuntil(b"\r\n\r\n")
        assert status_of(head) == 200
        length = re.search(rb"content-length: (\d+)", head)
        assert length
        await reader.readexactly(int(length[1]))
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("http://blog.test/auth/login", "evil.example", 200),
        ("HTTPS://blog.test:8443/auth/login", "evil.example", 200),
        ("http://evil.example/auth/login", "blog.test", 400),
        ("http://blog.test@evil.example/auth/login", "blog.test", 400),
        ("http://[/auth/login", "blog.test", 400),
        ("http:///auth/login", "blog.test", 200),
        ("/auth/login", "blog.test:", 200),
        ("/auth/login", "localhost:", 200),
        ("/auth/login", ":", 400),
        ("/auth/login", "blog.test:123456", 400),
    ],
)
async def test_the_host_is_that_of_the_target_if_it_names_one(
    server: Server, target: str, host: str, status: int
) -> None:
    request = f"GET {target} HTTP/1.1\r\nHost: {host}\r\n".encode() + LAST
    assert status_of(await exchange(server, request)) == status


async def test_a_body_of_two_lengths_is_the_last_thing_that_a_connection_brings(
    server: Server,
) -> None:
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    answer = await exchange(
        server,
        b"POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
    )
    assert status_of(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"connection: close" in answer.partition(b"\r\n\r\n")[0].lower()


async def test_headers_that_are_lists_may_come_in_parts(server: Server) -> None:
    address = b"GET /api/v1/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    tag = re.search(rb'etag: ("\w+")', await exchange(server, address + LAST))
    assert tag
    for lines in ((b'"other"', tag[1]), (tag[1], b'"other"'), (b"", tag[1]), (b'"a", "b"', tag[1])):
        wanted = b"".join(b"If-None-Match: %s\r\n" % line for line in lines)
        assert status_of(await exchange(server, address + wanted + LAST)) == 304
    accepted = b"Accept-Encoding: br\r\nAccept-Encoding: gzip\r\n"
    assert b"content-encoding: gzip" in await exchange(server, GET + accepted + LAST)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Authorization", "Bearer x"),
        ("Content-Type", "application/json"),
        ("Idempotency-Key", "one"),
    ],
)
async def test_a_header_that_is_no_list_may_not(server: Server, header: str, value: str) -> None:
    lines = f"{header}: {value}\r\n" * 2
    request = (
        f"POST /api/v1/posts/ HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}Content-Length: 0\r\n".encode()
    )
    assert status_of(await exchange(server, request + LAST)) in {400, 401, 415}
