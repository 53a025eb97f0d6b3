"""What arrives over a real socket, well-formed or not."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.servers import Server, serving

LARGEST_BODY = 1024 * 1024
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, site_url: str) -> AsyncIterator[Server]:
    """The site, which must not have logged an error in the end."""
    var_dir = tmp_path_factory.mktemp("protocol")
    async with serving(var_dir, database_url=site_url, allowed_hosts="blog.test, a") as running:
        yield running
    assert "Traceback" not in running.output
    assert "ERROR" not in running.output


async def exchange(server: Server, *parts: bytes) -> bytes:
    """Send bytes, and read until the server closes the connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for part in parts:
            writer.write(part)
            await writer.drain()
    except ConnectionError:
        pass  # It has heard enough.
    try:
        async with asyncio.timeout(20):
            return await reader.read()
    finally:
        writer.close()


def status_of(answer: bytes) -> int:
    """The status of a raw HTTP answer."""
    found = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    assert found, answer
    return int(found[1])


@pytest.mark.parametrize(
    ("address", "statuses"),
    [
        ("/?page=0", {404}),
        ("/?page=-1", {404}),
        ("/?page=1e3", {404}),
        (f"/?page={'9' * 5000}", {404}),
        ("/?page=%D9%A1", {404}),
        ("/?page=%00", {400}),
        ("/?page=%FF", {400}),
        ("/post/0", {404}),
        (f"/post/{2**63 - 1}", {404}),
        (f"/post/{2**63}", {404}),
        (f"/post/{'9' * 5000}", {404}),
        ("/post/-1", {404}),
        ("/post/1%00", {400}),
        ("/user/%00", {400}),
        ("/user/%FF%FE", {400}),
        (f"/user/{'a' * 5000}", {404}),
        ("/user/..%2F..%2Fetc%2Fpasswd", {404}),
        ("/static/..%2Fsettings.py", {404}),
        ("/static/%2E%2E/settings.py", {404}),
        ("http://blog.test", {200}),
        ("http://blog.test/post/0", {404}),
        ("/auth/confirm/%00", {400}),
        (f"/auth/confirm/{'a' * 5000}", {400, 404}),
    ],
)
async def test_an_absurd_address_is_the_clients_error(
    address: str, statuses: set[int], server: Server
) -> None:
    request = f"GET {address} HTTP/1.1\r\nHost: blog.test\r\nConnection: close\r\n\r\n"
    assert status_of(await exchange(server, request.encode())) in statuses


@pytest.mark.parametrize(
    "body",
    [
        b"email=%00&password=x",
        b"email=%FF",
        b"email=\xff\xfe",
        b"\0",
        b"%",
        b"&" * 500,
        b"a=1" * 200,
    ],
)
async def test_an_absurd_form_is_the_clients_error(body: bytes, server: Server) -> None:
    length = f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
    head = b"POST /auth/login HTTP/1.1\r\nHost: blog.test\r\n" + FORM + length
    assert 400 <= status_of(await exchange(server, head + body)) < 500


async def test_a_body_that_is_too_large_is_told_so_although_it_is_still_being_sent(
    server: Server,
) -> None:
    head = b"POST /auth/login HTTP/1.1\r\nHost: blog.test\r\nConnection: close\r\n" + FORM
    announced = head + b"Content-Length: %d\r\n\r\n" % (20 * LARGEST_BODY)
    in_chunks = head + b"Transfer-Encoding: chunked\r\n\r\n"
    part = b"a" * 65536
    for parts in (
        (announced, *[part] * 320),
        (in_chunks, *[b"10000\r\n" + part + b"\r\n"] * 320, b"0\r\n\r\n"),
    ):
        answer = await exchange(server, *parts)
        assert status_of(answer) == 413
        assert b"larger than the limit" in answer


async def test_a_body_of_the_largest_size_is_read(server: Server) -> None:
    body = b"a" * LARGEST_BODY
    head = b"POST /auth/login HTTP/1.1\r\nHost: blog.test\r\nConnection: close\r\n" + FORM
    answer = await exchange(server, head + b"Content-Length: %d\r\n\r\n" % len(body), body)
    assert status_of(answer) == 400, "what is missing is the token"


async def test_a_slow_client_is_waited_for_while_others_are_served(server: Server) -> None:
    request = b"GET / HTTP/1.1\r\nHost: blog.test\r\nConnection: close\r\n\r\n"
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    async with httpx.AsyncClient(base_url=server.url, timeout=30) as other:
        for byte in request[:8]:
            writer.write(bytes([byte]))
            await writer.drain()
            assert (await other.get("/healthz")).status_code == 200
    writer.write(request[8:])
    assert status_of(await reader.read()) == 200
    writer.close()


async def test_http_1_0_without_a_host_is_answered_and_closed(server: Server) -> None:
    answer = await exchange(server, b"GET / HTTP/1.0\r\n\r\n")
    assert status_of(answer) == 200
    assert answer.endswith(b"</html>\n") or answer.endswith(b"</html>")


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET ?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET http://[ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a b<c>\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a..b\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nCookie: session=\xff\xfe; =;;\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nAccept: \xff, */*;q=x\r\nConnection: close\r\n\r\n",
    ],
)
async def test_a_malformed_request_is_no_error_of_the_server(
    request_bytes: bytes, server: Server
) -> None:
    answer = await exchange(server, request_bytes)
    assert answer == b"" or status_of(answer) < 500
