"""Fixes where hypercorn and h11 are laxer or stricter than HTTP/1.1 (RFC 9112), or send half a
response.

`tests/web/test_hypercorn_protocol_faults.py` shows the faults of hypercorn 0.18 and h11 0.16, and
fails when one is fixed upstream.
"""

import h11
from hypercorn.events import Event, RawData
from hypercorn.protocol.events import Event as StreamEvent
from hypercorn.protocol.events import Response
from hypercorn.protocol.h11 import H11Protocol
from hypercorn.typing import H11SendableEvent

CLOSE = (b"connection", b"close")


class PatchedH11(H11Protocol):
    """One connection."""

    _is_last = False
    _head = b""

    async def handle(self, event: Event) -> None:
        """Process received data, ignoring line breaks before a request (RFC 9112, 2.2).

        h11 0.16 refuses them.
        """
        if isinstance(event, RawData) and self._waits_for_request():
            event = RawData(event.data.lstrip(b"\r\n"), event.address)
            if not event.data:
                return
        await super().handle(event)

    def _waits_for_request(self) -> bool:
        is_idle = self.connection.their_state is h11.IDLE
        return is_idle and not self.connection.trailing_data[0]

    async def _check_protocol(self, event: h11.Request) -> None:
        """Switch to HTTP/2 for a client that starts with it, but not on `Upgrade: h2c`.

        That upgrade is obsolete (RFC 9113, 3.1), and hypercorn 0.18 crashes on malformed settings.
        """
        if event.method == b"PRI":
            await super()._check_protocol(event)

    async def _create_stream(self, request: h11.Request) -> None:
        headers = dict(request.headers)
        # An intermediary may have parsed the request differently (RFC 9112, 6.1 and 11.2), but h11
        # 0.16 keeps the connection open.
        is_ambiguous = {b"content-length", b"transfer-encoding"} <= headers.keys()
        # What follows is not HTTP; `blog.core.web.unsupported` answers the handshake.
        is_handshake = b"websocket" in headers.get(b"upgrade", b"").lower()
        self._is_last = is_ambiguous or is_handshake
        await super()._create_stream(request)

    async def stream_send(self, event: StreamEvent) -> None:
        """Send part of a response; announce in its head if the connection closes (RFC 9112, 9.6).

        hypercorn 0.18 does not announce it.
        """
        if isinstance(event, Response) and (
            # The rest of the request's body may still arrive (RFC 9110, 15.5.9).
            event.status_code == 408 or self._is_last or self.context.terminated.is_set()
        ):
            event.headers.append(CLOSE)
        await super().stream_send(event)

    async def _send_h11_event(self, event: H11SendableEvent) -> None:
        """Send the head of a response together with what follows it.

        hypercorn 0.18 sends it alone. A process that is killed in between leaves half a response,
        and a proxy can't ask another process for the rest.
        """
        try:
            data = self._head + self.connection.send(event)
        except h11.LocalProtocolError:
            if self.connection.their_state is not h11.ERROR:
                raise
        else:
            self._head = data if isinstance(event, h11.Response) else b""
            if data and not self._head:
                await self.send(RawData(data))
