"""Replacements of hypercorn's classes, so that a shutdown loses no request that has arrived.

`patch_hypercorn` installs them, together with our HTTP/1.1 and HTTP/2 protocols, in the current
process. `tests/web/test_hypercorn_protocol_faults.py` shows the faults of hypercorn 0.18, and fails
when one is fixed upstream.
"""

import asyncio
from typing import TypeVar

from hypercorn import protocol
from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer
from hypercorn.protocol import h2, h11
from hypercorn.protocol.http_stream import HTTPStream

from blog.core.web.draining import WatchedContext
from blog.core.web.http1 import PatchedH11
from blog.core.web.http2 import PatchedH2

ARRIVAL_SECONDS = 0.5
ARRIVAL_TURNS = 5

Same = TypeVar("Same")


class DrainingServer(TCPServer):
    """At shutdown, waits for requests in transit before it closes an idle connection.

    hypercorn 0.18 closes it at once.
    """

    async def _idle_timeout(self) -> None:
        try:
            await asyncio.wait_for(self.context.terminated.wait(), self.config.keep_alive_timeout)
            # In steps, so that a busy event loop gets turns to read what has arrived.
            for _ in range(ARRIVAL_TURNS):
                await asyncio.sleep(ARRIVAL_SECONDS / ARRIVAL_TURNS)
        except TimeoutError:
            pass
        await asyncio.shield(self._initiate_server_close())


def patch_hypercorn() -> None:
    """Install the classes above, and treat WebSocket handshakes as ordinary requests.

    hypercorn 0.18 handles handshakes apart from requests, and leaves the connection open after a
    malformed one. As ordinary requests they are logged, and refused by `blog.core.web.unsupported`.
    """
    run.TCPServer = DrainingServer  # type: ignore[attr-defined]
    run.WorkerContext = WatchedContext  # type: ignore[attr-defined]
    protocol.H11Protocol = PatchedH11  # type: ignore[attr-defined]
    protocol.H2Protocol = PatchedH2  # type: ignore[attr-defined, assignment]
    h11.WSStream = h2.WSStream = HTTPStream  # type: ignore[attr-defined, assignment]
    h11.H11WSConnection = _same  # type: ignore[misc, assignment]


def _same(connection: Same) -> Same:
    """Return the connection as it is, so that a handshake stays on HTTP."""
    return connection
