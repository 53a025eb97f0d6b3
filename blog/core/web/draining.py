"""What hypercorn forgets when it is told to stop, so that no request that has arrived is lost.

`drain_with_care` puts this, and our ways to speak HTTP, in the place of hypercorn's own, in the
process that calls it. It is about hypercorn 0.18; the tests in `tests/live/test_draining.py` say
when it has become better.
"""

import asyncio
from typing import TypeVar

from hypercorn import protocol
from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol import h2, h11
from hypercorn.protocol.http_stream import HTTPStream

from blog.core.web.http1 import CarefulH11
from blog.core.web.http2 import CarefulH2

ARRIVAL_SECONDS = 0.5
ARRIVAL_TURNS = 5

Same = TypeVar("Same")


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


def drain_with_care() -> None:
    """Let this process serve connections with the classes above, and all of them by HTTP.

    hypercorn takes the handshake of a WebSocket out of the requests, and leaves the connection open
    where it was malformed. Here it is a request like any other, which is counted, and refused by
    `blog.core.web.refusals`.
    """
    run.TCPServer = PatientServer  # type: ignore[attr-defined]
    protocol.H11Protocol = CarefulH11  # type: ignore[attr-defined]
    protocol.H2Protocol = CarefulH2  # type: ignore[attr-defined, assignment]
    h11.WSStream = h2.WSStream = HTTPStream  # type: ignore[attr-defined, assignment]
    h11.H11WSConnection = _same  # type: ignore[misc, assignment]


def _same(connection: Same) -> Same:
    """The connection of a handshake: it goes on to speak HTTP."""
    return connection
