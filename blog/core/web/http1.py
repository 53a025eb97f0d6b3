"""HTTP/1.1 where hypercorn and h11 are laxer, or stricter, than its specification (RFC 9112).

The references are to hypercorn 0.18 and h11 0.16; the tests in `tests/live/test_http1.py` say when
they have become better.
"""

import h11
from hypercorn.events import Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol

CLOSE = (b"connection", b"close")


class CarefulH11(H11Protocol):
    """One connection."""

    _is_last = False

    async def handle(self, event: Event) -> None:
        """Take in what has arrived, without the line breaks before a request (RFC 9112, 2.2)."""
        if isinstance(event, RawData) and self._waits_for_request():
            event = RawData(event.data.lstrip(b"\r\n"), event.address)
            if not event.data:
                return
        await super().handle(event)

    def _waits_for_request(self) -> bool:
        is_idle = self.connection.their_state is h11.IDLE
        return is_idle and not self.connection.trailing_data[0]

    async def _check_protocol(self, event: h11.Request) -> None:
        """Go over to HTTP/2 for a client that begins with it, and not for one that proposes it.

        `Upgrade: h2c` is obsolete (RFC 9113, 3.1), and hypercorn fails for odd settings in it.
        """
        if event.method == b"PRI":
            await super()._check_protocol(event)

    async def _create_stream(self, request: h11.Request) -> None:
        headers = dict(request.headers)
        # Something on the way may have read the request differently (RFC 9112, 6.1 and 11.2).
        is_ambiguous = {b"content-length", b"transfer-encoding"} <= headers.keys()
        # What comes behind it is no HTTP; `blog.core.web.refusals` answers it.
        is_handshake = b"websocket" in headers.get(b"upgrade", b"").lower()
        self._is_last = is_ambiguous or is_handshake
        await super()._create_stream(request)

    async def stream_send(self, event: StreamEvent) -> None:
        """Send part of an answer; its head says whether it is the last one (RFC 9112, 9.6)."""
        if isinstance(event, Response) and (
            # The rest of the body may still come (RFC 9110, 15.5.9).
            event.status_code == 408 or self._is_last or self.context.terminated.is_set()
        ):
            event.headers.append(CLOSE)
        await super().stream_send(event)
