"""HTTP/2 as a hostile client speaks it: the connection ends, and nothing else does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import httpx
import pytest
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.events import ConnectionTerminated, Event, ResponseReceived, StreamReset
from h2.settings import SettingCodes

from tests.servers import Server, serving

GET = [(":method", "GET"), (":path", "/healthz"), (":scheme", "http"), (":authority", "127.0.0.1")]
PAGE = [GET[0], (":path", "/auth/login"), *GET[2:]]


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory, site_url: str) -> AsyncIterator[Server]:
    """The site, which must not have logged an error in the end."""
    var_dir = tmp_path_factory.mktemp("http2")
    async with serving(var_dir, database_url=site_url) as running:
        yield running
    assert "Traceback" not in running.output
    assert "ERROR" not in running.output


class Connection:
    """A client's HTTP/2 connection, which sends whatever it is told to.

    Attributes:
        h2: the state; what it has to send goes out with `exchange`.
        events: what has arrived.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        unchecked = H2Configuration(
            client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = H2Connection(unchecked)
        self.events: list[Event] = []
        self._reader, self._writer = reader, writer

    @classmethod
    async def open(cls, server: Server) -> "Connection":
        connection = cls(*await asyncio.open_connection("127.0.0.1", server.port))
        connection.h2.initiate_connection()
        return connection

    async def exchange(self, enough: Callable[[Event], bool] = lambda _event: False) -> None:
        """Send what is there, and read until an event is `enough` or the server has closed."""
        async with asyncio.timeout(20):
            while not any(map(enough, self.events)):
                data = b""
                with suppress(ConnectionError):
                    self._writer.write(self.h2.data_to_send())
                    await self._writer.drain()
                    data = await self._reader.read(65536)
                if not data:
                    return
                self.events += self.h2.receive_data(data)

    async def send(self) -> None:
        """Send what is there, and let it arrive before the rest."""
        with suppress(ConnectionError):
            self._writer.write(self.h2.data_to_send())
            await self._writer.drain()
        await asyncio.sleep(0)

    async def close(self) -> None:
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()

    def received(self, kind: type[Event]) -> list[Event]:
        """The events of a kind that have arrived."""
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
async def connection(server: Server) -> AsyncIterator[Connection]:
    """A connection to the site, which answers others as before in the end."""
    opened = await Connection.open(server)
    yield opened
    await opened.close()
    async with httpx.AsyncClient(timeout=60) as client:
        assert (await client.get(f"{server.url}/healthz")).status_code == 200


async def test_a_client_that_resets_all_it_begins_is_told_to_calm_down(
    connection: Connection,
) -> None:
    for number in range(500):
        connection.h2.send_headers(2 * number + 1, GET, end_stream=True)
        connection.h2.reset_stream(2 * number + 1, ErrorCodes.CANCEL)
    await connection.exchange()
    (end,) = connection.received(ConnectionTerminated)
    assert end.error_code == ErrorCodes.ENHANCE_YOUR_CALM


async def test_a_client_may_give_up_some_of_many_requests(connection: Connection) -> None:
    for number in range(300):
        stream = 2 * number + 1
        connection.h2.send_headers(stream, GET, end_stream=True)
        if number % 10 == 0:
            connection.h2.reset_stream(stream, ErrorCodes.CANCEL)
        else:
            await connection.exchange(
                lambda event, stream=stream: (
                    isinstance(event, ResponseReceived) and event.stream_id == stream
                )
            )
    assert len(connection.received(ResponseReceived)) >= 270
    assert not connection.received(ConnectionTerminated)


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("at_once", [1, 20, 1_000])
async def test_streams_past_the_limit_end_the_connection(
    connection: Connection, at_once: int, is_whole: bool
) -> None:
    connection.h2.remote_settings[SettingCodes.MAX_CONCURRENT_STREAMS] = 10_000
    connection.h2.remote_settings.acknowledge()
    for number in range(1_000):
        connection.h2.send_headers(2 * number + 1, PAGE, end_stream=is_whole)
        if number % at_once == 0:
            await connection.send()
    # It is closed, or all is answered; where it is reset, the reason may be lost.
    await connection.exchange(lambda _: len(connection.received(ResponseReceived)) == 1_000)


async def test_priorities_of_any_number_of_streams_are_passed_over(connection: Connection) -> None:
    for stream in range(1, 6_001, 2):
        connection.h2.prioritize(stream, weight=7, depends_on=stream + 2)
    connection.h2.send_headers(6_001, GET, end_stream=True)
    await connection.exchange(lambda event: isinstance(event, ResponseReceived))
    assert connection.received(ResponseReceived)


async def test_a_client_may_send_on_after_the_answer(connection: Connection) -> None:
    connection.h2.send_headers(1, GET)
    await connection.exchange(lambda event: isinstance(event, ResponseReceived))
    for _ in range(3):
        connection.h2.send_data(1, b"x" * 16_000)
        await connection.send()
    connection.h2.send_headers(3, GET, end_stream=True)
    await connection.exchange(
        lambda event: isinstance(event, ResponseReceived) and event.stream_id == 3
    )
    assert len(connection.received(ResponseReceived)) == 2


async def test_a_websocket_is_refused_and_the_connection_serves_on(connection: Connection) -> None:
    connection.h2.send_headers(1, [(":method", "CONNECT"), (":protocol", "websocket"), *PAGE[1:]])
    await connection.exchange(
        lambda event: isinstance(event, ResponseReceived | StreamReset | ConnectionTerminated)
    )
    settings = connection.h2.remote_settings
    assert not settings.get(SettingCodes.ENABLE_CONNECT_PROTOCOL, 0)
    for answer in connection.received(ResponseReceived):
        assert dict(answer.headers)[b":status"] == b"405"


@pytest.mark.parametrize(
    "headers",
    [
        [(":method", "CONNECT"), (":authority", "127.0.0.1:5432")],
        [(":method", "G\xcb\x80T".encode("latin1")), *GET[1:]],
        [GET[0], (":path", b"/\xff"), *GET[2:]],
        [GET[0], (":path", b"nowhere"), *GET[2:]],
        [GET[0], (":path", b"*"), *GET[2:]],
        [*GET[:3], (":authority", b"\xff[")],
        [*GET, ("host", "elsewhere.example")],
        [*GET, ("x", b"\xff\x00\n")],
        [*GET, ("content-length", "17")],
        [*GET, ("content-length", "-1")],
        [*GET, ("transfer-encoding", "chunked")],
        [*GET, (":status", "200")],
        GET[:1],
    ],
)
async def test_a_malformed_request_costs_at_most_its_connection(
    connection: Connection, headers: list[tuple[str, str | bytes]]
) -> None:
    connection.h2.send_headers(1, headers, end_stream=True)
    await connection.exchange(
        lambda event: isinstance(event, ResponseReceived | StreamReset | ConnectionTerminated)
    )
    for answer in connection.received(ResponseReceived):
        assert b"200" <= dict(answer.headers)[b":status"] < b"500"
