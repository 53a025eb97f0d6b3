"""hypercorn's own protocols, without our repairs, on connections in memory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import hypercorn.events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.events import Event
from hypercorn.app_wrappers import ASGIWrapper
from hypercorn.asyncio.task_group import TaskGroup
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.protocol import ProtocolWrapper
from hypercorn.typing import ASGIReceiveCallable, ASGISendCallable, ConnectionState, Scope

# Turns of the event loop in which everything that does not wait for a client has happened.
TURNS = 50


async def answer_at_once(
    _scope: Scope, _receive: ASGIReceiveCallable, send: ASGISendCallable
) -> None:
    """An application that responds without reading the body of a request."""
    head: Any = {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-length", b"2")],
    }
    body: Any = {"type": "http.response.body", "body": b"ok", "more_body": False}
    await send(head)
    await send(body)


class Connection:
    """One connection, as hypercorn sees it.

    Attributes:
        context: what hypercorn's worker knows, such as whether it is shutting down.
        is_closed: whether hypercorn has closed the connection.
        writes: what hypercorn has sent, piece by piece.
    """

    def __init__(self, tasks: TaskGroup, app: Any, alpn: str) -> None:
        self.context = WorkerContext(None)
        self.is_closed = False
        self.writes: list[bytes] = []
        self._read = 0
        self.protocol = ProtocolWrapper(
            ASGIWrapper(app), Config(), self.context, tasks, ConnectionState({}), False,
            ("127.0.0.1", 50_000), ("127.0.0.1", 80), self._send, alpn,
        )  # fmt: skip

    async def _send(self, event: hypercorn.events.Event) -> None:
        if isinstance(event, hypercorn.events.RawData):
            self.writes.append(event.data)
        elif isinstance(event, hypercorn.events.Closed):
            self.is_closed = True

    async def exchange(self, data: bytes) -> bytes:
        """Let `data` arrive; returns what hypercorn has sent since."""
        await self.protocol.handle(hypercorn.events.RawData(data))
        for _ in range(TURNS):
            await asyncio.sleep(0)
        sent, self._read = b"".join(self.writes[self._read :]), len(self.writes)
        return sent


@asynccontextmanager
async def http1(app: Any = answer_at_once, alpn: str = "http/1.1") -> AsyncIterator[Connection]:
    """A connection to `app` that begins as HTTP/1.1, or as what ALPN has agreed on."""
    async with TaskGroup(asyncio.get_running_loop()) as tasks:
        connection = Connection(tasks, app, alpn)
        await connection.protocol.initiate()
        yield connection
        # What has crashed cannot be closed.
        getattr(connection.protocol.protocol, "streams", {}).clear()
        await connection.protocol.handle(hypercorn.events.Closed())


class Client:
    """The client's end of an HTTP/2 connection, which may send what is malformed.

    Attributes:
        h2: its state.
    """

    def __init__(self, connection: Connection) -> None:
        unchecked = H2Configuration(
            client_side=True, validate_outbound_headers=False, normalize_outbound_headers=False
        )
        self.h2 = H2Connection(unchecked)
        self.connection = connection

    async def exchange(self) -> list[Event]:
        """Send what is there; returns what hypercorn has sent since."""
        return self.h2.receive_data(await self.connection.exchange(self.h2.data_to_send()))


@asynccontextmanager
async def http2() -> AsyncIterator[Client]:
    """An HTTP/2 connection to `answer_at_once`."""
    async with http1(alpn="h2") as connection:
        client = Client(connection)
        client.h2.initiate_connection()
        yield client
