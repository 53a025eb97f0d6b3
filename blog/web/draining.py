"""What hypercorn forgets when it is told to stop, so that no request that has arrived is lost.

`drain_with_care` puts these in the place of hypercorn's own, in the process that calls it. It is
about hypercorn 0.18; the tests in `tests/live/test_draining.py` say when it has become better.
"""

import asyncio

from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, RequestReceived
from hypercorn import protocol
from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h2 import H2Protocol
from hypercorn.protocol.h11 import H11Protocol

ARRIVAL_SECONDS = 0.5
ARRIVAL_TURNS = 5


class PatientServer(TCPServer):
    """Gives a connection time to bring a request that is on its way, before it is closed."""

    async def _idle_timeout(self) -> None:
        try:
            await asyncio.wait_for(self.context.terminated.wait(), self.config.keep_alive_timeout)
            # In parts, so that a busy loop has its turns to read what has arrived.
            for _ in range(ARRIVAL_TURNS):
                await asyncio.sleep(ARRIVAL_SECONDS / ARRIVAL_TURNS)
        except TimeoutError:
            pass
        await asyncio.shield(self._initiate_server_close())


class ClosingH11(H11Protocol):
    """Says in an answer that it is the connection's last one (RFC 9112, 9.6)."""

    async def stream_send(self, event: StreamEvent) -> None:
        if isinstance(event, Response) and self.context.terminated.is_set():
            event.headers.append((b"connection", b"close"))
        await super().stream_send(event)


class RefusingH2(H2Protocol):
    """Refuses new requests so that the client knows to repeat them elsewhere (RFC 9113, 8.7).

    hypercorn's own fails for the body of a request that it does not read, and takes
    all others on the connection with it.
    """

    async def _handle_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, RequestReceived) and self.context.terminated.is_set():
                self.connection.reset_stream(event.stream_id, ErrorCodes.REFUSED_STREAM)
            elif isinstance(event, DataReceived) and event.stream_id not in self.streams:
                self.connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
            else:
                await super()._handle_events([event])
        await self._flush()


def drain_with_care() -> None:
    """Let this process serve connections with the classes above."""
    run.TCPServer = PatientServer  # type: ignore[attr-defined]
    protocol.H11Protocol = ClosingH11  # type: ignore[attr-defined]
    protocol.H2Protocol = RefusingH2  # type: ignore[attr-defined]
