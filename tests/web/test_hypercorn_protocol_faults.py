"""Faults of hypercorn 0.18's protocols that we repair, shown without the repairs.

A test fails when a new version of hypercorn no longer has its fault. Then delete the repair that
it names, and the test.
"""

import asyncio
import binascii
from contextlib import suppress
from typing import Any

import priority
import pytest
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, RemoteSettingsChanged, ResponseReceived, StreamReset
from h2.exceptions import StreamClosedError
from h2.settings import SettingCodes
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config

from blog.core.web.draining import UnfinishedMiddleware
from blog.core.web.http1 import PatchedH11
from blog.core.web.http2 import FREE_RESETS
from tests.web.hypercorn_in_memory import TURNS, answer_at_once, http1, http2

GET = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: a\r\n"
HANDSHAKE = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
GET_2 = [(":method", "GET"), (":path", "/"), (":scheme", "http"), (":authority", "a")]


def head_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[0].lower()


async def test_a_line_break_before_a_request_is_refused() -> None:
    """h11 0.16; repaired by `PatchedH11.handle`."""
    async with http1() as connection:
        assert (await connection.exchange(b"\r\n" + GET)).startswith(b"HTTP/1.1 400 ")


async def test_malformed_settings_of_an_upgrade_to_h2c_crash() -> None:
    """Repaired by `PatchedH11._check_protocol`."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAA\r\n"
    async with http1() as connection:
        with pytest.raises(binascii.Error):
            await connection.exchange(GET[:-2] + upgrade + b"\r\n")


async def test_a_request_is_served_behind_a_body_of_two_lengths() -> None:
    """Repaired by `PatchedH11._create_stream`."""
    lengths = b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    async with http1() as connection:
        answer = await connection.exchange(POST + lengths + GET)
    assert answer.count(b"HTTP/1.1 200 ") == 2


async def test_the_last_response_of_a_shutdown_does_not_announce_the_end() -> None:
    """Repaired by `PatchedH11.stream_send`."""
    async with http1() as connection:
        await connection.context.terminated.set()
        answer = await connection.exchange(GET)
    assert connection.is_closed
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"connection: close" not in head_of(answer)


async def test_a_connection_is_closed_unannounced_while_a_body_arrives() -> None:
    """Repaired by `LingeringClose`, and for status 408 by `PatchedH11.stream_send`."""
    async with http1() as connection:
        answer = await connection.exchange(POST + b"Content-Length: 5\r\n\r\nab")
        assert connection.is_closed
    assert b"connection: close" not in head_of(answer)


async def test_the_head_of_a_response_is_sent_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Repaired by `PatchedH11._send_h11_event`."""
    async with http1() as connection:
        await connection.exchange(GET)
    assert connection.writes[0].endswith(b"\r\n\r\n")
    monkeypatch.setattr("hypercorn.protocol.H11Protocol", PatchedH11)
    async with http1() as connection:
        await connection.exchange(GET)
        await connection.exchange(GET)
    assert [sent.partition(b"\r\n\r\n")[2] for sent in connection.writes] == [b"ok", b"ok"]


async def test_a_request_that_a_shutdown_cancels_is_an_error_of_the_server() -> None:
    """Repaired by `UnfinishedMiddleware`."""

    async def is_cancelled(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    async with http1(is_cancelled) as connection:
        assert (await connection.exchange(GET)).startswith(b"HTTP/1.1 500 ")
    async with http1(UnfinishedMiddleware(is_cancelled)) as connection:
        assert (await connection.exchange(GET)).startswith(b"HTTP/1.1 503 ")


async def test_a_malformed_handshake_leaves_the_connection_open() -> None:
    """Repaired by `patch_hypercorn`, which makes it an ordinary request."""
    async with http1() as connection:
        answer = await connection.exchange(HANDSHAKE)
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b"connection: close" in head_of(answer)
        assert not connection.is_closed


async def test_an_absolute_url_is_passed_on_as_the_path() -> None:
    """Repaired by `NormalisationMiddleware`."""
    paths = []

    async def note_path(scope: Any, receive: Any, send: Any) -> None:
        paths.append(scope["path"])
        await answer_at_once(scope, receive, send)

    async with http1(note_path) as connection:
        await connection.exchange(GET.replace(b"/ ", b"http://a/b ", 1))
    assert paths == ["http://a/b"]


async def test_a_request_in_transit_is_lost_when_a_shutdown_begins() -> None:
    """Repaired by `DrainingServer`."""
    loop, context = asyncio.get_running_loop(), WorkerContext(None)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        app = ASGIWrapper(answer_at_once)
        await TCPServer(app, loop, Config(), context, {}, reader, writer)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(GET)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
        await context.terminated.set()
        for _ in range(TURNS):
            await asyncio.sleep(0)
        writer.write(GET)
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()


async def test_websockets_over_http_2_are_offered() -> None:
    """Repaired by `PatchedH2.__init__`; hypercorn has no setting for it."""
    async with http2() as client:
        (settings,) = (
            event for event in await client.exchange() if isinstance(event, RemoteSettingsChanged)
        )
    assert settings.changed_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL].new_value == 1


async def test_data_after_the_response_crashes() -> None:
    """pgjones/hypercorn#365; repaired by `PatchedH2._handle_events`."""
    async with http2() as client:
        client.h2.send_headers(1, GET_2)
        assert any(isinstance(event, ResponseReceived) for event in await client.exchange())
        client.h2.send_data(1, b"x")
        with pytest.raises(KeyError):
            await client.exchange()


async def test_a_thousand_priorities_crash() -> None:
    """Repaired by `PatchedH2._handle_events`."""
    async with http2() as client:
        for stream in range(1, 2_101, 2):
            client.h2.prioritize(stream, weight=7)
        with pytest.raises(priority.TooManyStreamsError):
            await client.exchange()


async def test_a_flood_of_resets_is_not_stopped() -> None:
    """CVE-2023-44487; repaired by `PatchedH2._is_flooded`."""
    async with http2() as client:
        for number in range(3 * FREE_RESETS):
            client.h2.send_headers(2 * number + 1, GET_2, end_stream=True)
            client.h2.reset_stream(2 * number + 1, ErrorCodes.CANCEL)
        events = await client.exchange()
    assert not any(isinstance(event, ConnectionTerminated) for event in events)


async def test_a_refused_request_is_not_said_to_be_repeatable() -> None:
    """Repaired by `PatchedH2._begin`."""
    async with http2() as client:
        await client.connection.context.terminated.set()
        client.h2.send_headers(1, GET_2, end_stream=True)
        (reset,) = (event for event in await client.exchange() if isinstance(event, StreamReset))
    assert reset.error_code == ErrorCodes.NO_ERROR


async def test_refusing_a_request_that_the_client_has_reset_crashes() -> None:
    """Repaired by `PatchedH2._reset`."""
    async with http2() as client:
        await client.connection.context.terminated.set()
        client.h2.send_headers(1, GET_2, end_stream=True)
        client.h2.reset_stream(1, ErrorCodes.CANCEL)
        with pytest.raises(StreamClosedError):
            await client.exchange()


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ([(":method", "G\xcb\x80T".encode("latin1")), *GET_2[1:]], UnicodeDecodeError),
        ([GET_2[0], (":path", b"/\xff"), *GET_2[2:]], UnicodeDecodeError),
        ([(":method", "CONNECT"), (":authority", "a:443")], UnboundLocalError),
    ],
)
async def test_an_odd_method_or_path_crashes(
    headers: list[tuple[str, str | bytes]], error: type[Exception]
) -> None:
    """Repaired by `PatchedH2._begin`."""
    async with http2() as client:
        client.h2.send_headers(1, headers, end_stream=True)
        with pytest.raises(error):
            await client.exchange()
