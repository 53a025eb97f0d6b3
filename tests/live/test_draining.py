"""Requests that arrive during a shutdown are answered."""

import asyncio
import re
import signal
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import (
    ConnectionTerminated,
    Event,
    ResponseReceived,
    SettingsAcknowledged,
    StreamEnded,
    StreamReset,
)

from blog.core.web.hypercorn_patches import ARRIVAL_SECONDS
from tests.servers import Server, serving, until

FORM = [
    (":method", "POST"),
    (":path", "/auth/login"),
    (":scheme", "http"),
    (":authority", "127.0.0.1"),
    ("content-type", "application/x-www-form-urlencoded"),
]
REQUEST = b"GET /auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
UNFINISHED = (
    b"POST /auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n"
    b"Expect: 100-continue\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\n"
)


@pytest.fixture
async def server(tmp_path: Path, site_url: str) -> AsyncIterator[Server]:
    """A site which has 30 s to stop, and ends well before."""
    async with serving(tmp_path, database_url=site_url, env="testing") as running:
        yield running
        assert await running.ended() == 0
    assert "Traceback" not in running.output


async def stop(server: Server) -> None:
    """Send the signal, and wait until the shutdown has started."""

    async def is_refused() -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", server.port)
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            return False
        writer.close()
        return False

    server.send(signal.SIGTERM)
    await until(is_refused)


async def test_connections_are_refused_while_the_last_request_is_answered(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(UNFINISHED)
    assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
    await stop(server)
    async with httpx.AsyncClient(timeout=60) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(server.url)
    writer.write(b"email=a=b")
    answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 400 "), "the form has no token"
    writer.close()


async def test_a_request_on_its_way_over_an_open_connection_is_answered_as_its_last(
    tmp_path: Path, site_url: str
) -> None:
    for attempt in range(5):
        folder = tmp_path / str(attempt)
        async with serving(folder, database_url=site_url, env="testing") as server:
            took, answers = await last_answers(server)
            assert await server.ended() == 0
        if took < ARRIVAL_SECONDS:
            break
    else:
        pytest.fail("this machine is too slow to send a request in time")
    assert len(answers) == 2
    for answer in answers:
        assert answer.startswith(b"HTTP/1.1 200 ")
        assert b"connection: close" in answer.partition(b"\r\n\r\n")[0]


async def last_answers(server: Server) -> tuple[float, list[bytes]]:
    """Stop a server, then send a request over a used connection and over a new one.

    Returns:
        The seconds from the signal to the requests, and the responses.
    """
    connections = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(2)]
    (used, used_writer), _ = connections
    used_writer.write(REQUEST)
    head = await used.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head)
    assert length
    await used.readexactly(int(length[1]))
    assert b"connection: close" not in head

    started = time.monotonic()
    await stop(server)
    for _, writer in connections:
        writer.write(REQUEST)
    took = time.monotonic() - started
    answers = []
    for reader, writer in connections:
        with suppress(ConnectionResetError):  # It was too late.
            answers.append(await reader.read())
        writer.close()
    return took, answers


async def test_http_2_finishes_open_requests_and_refuses_new_ones(server: Server) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    connection = H2Connection(H2Configuration(client_side=True))
    connection.initiate_connection()
    connection.send_headers(1, FORM)
    connection.send_data(1, b"email=")
    writer.write(connection.data_to_send())
    events: list[Event] = []
    while not any(isinstance(event, SettingsAcknowledged) for event in events):
        events += connection.receive_data(await reader.read(65536))

    await stop(server)
    connection.send_headers(3, FORM)
    connection.send_data(3, b"email=x", end_stream=True)
    connection.send_data(1, b"x", end_stream=True)
    writer.write(connection.data_to_send())

    while data := await reader.read(65536):
        events += connection.receive_data(data)
        writer.write(connection.data_to_send())
    writer.close()
    refused, *_ = (event for event in events if isinstance(event, StreamReset))
    assert (refused.stream_id, refused.error_code) == (3, ErrorCodes.REFUSED_STREAM)
    (answered,) = (event for event in events if isinstance(event, ResponseReceived))
    assert (answered.stream_id, dict(answered.headers)[b":status"]) == (1, b"400")
    assert any(isinstance(event, StreamEnded) and event.stream_id == 1 for event in events)
    assert isinstance(events[-1], ConnectionTerminated)


async def test_a_request_that_outlasts_the_shutdown_is_answered_to_be_repeated(
    tmp_path: Path, site_url: str
) -> None:
    async with serving(tmp_path, database_url=site_url, env="development") as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(UNFINISHED)
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        await stop(server)
        answer = await reader.read()
        writer.close()
        assert await server.ended() == 0
    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in answer
    assert "Traceback" not in server.output
