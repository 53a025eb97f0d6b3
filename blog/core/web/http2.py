"""Fixes where hypercorn crashes on valid HTTP/2, or limits a client too little (RFC 9113).

A crash ends the connection and all its requests with a traceback.
`tests/web/test_hypercorn_protocol_faults.py` shows the faults of hypercorn 0.18, and fails when one
is fixed upstream.
"""

from contextlib import suppress
from typing import Any

from h2.errors import ErrorCodes
from h2.events import DataReceived, Event, PriorityUpdated, RequestReceived, StreamReset
from h2.exceptions import ProtocolError
from h2.settings import SettingCodes
from hypercorn.events import Closed
from hypercorn.protocol.h2 import H2Protocol

# A client may reset this many requests of a connection, and beyond that every second one.
FREE_RESETS = 100


class PatchedH2(H2Protocol):
    """One connection."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        # hypercorn 0.18 offers WebSockets (RFC 8441, 3), which are not supported.
        del self.connection.local_settings[SettingCodes.ENABLE_CONNECT_PROTOCOL]
        self._requests = self._resets = 0

    async def _handle_events(self, events: list[Event]) -> None:
        for event in events:
            if isinstance(event, RequestReceived):
                await self._begin(event)
            elif isinstance(event, DataReceived) and event.stream_id not in self.streams:
                # The response is complete, or the stream was refused. hypercorn 0.18 crashes
                # (pgjones/hypercorn#365).
                self.connection.acknowledge_received_data(
                    event.flow_controlled_length, event.stream_id
                )
            elif isinstance(event, PriorityUpdated):
                pass  # Obsolete (RFC 9113, 5.3); hypercorn 0.18 crashes after 1,000.
            else:
                await super()._handle_events([event])
                if isinstance(event, StreamReset) and self._is_flooded():
                    self.connection.close_connection(ErrorCodes.ENHANCE_YOUR_CALM)
                    await self._flush()
                    await self.send(Closed())
                    return
        await self._flush()

    async def _begin(self, request: RequestReceived) -> None:
        """Answer a request, or refuse it.

        During a shutdown REFUSED_STREAM tells the client that it may retry elsewhere (RFC 9113,
        8.7); hypercorn 0.18 sends NO_ERROR. It crashes on methods and paths that are not ASCII.
        """
        self._requests += 1
        head = dict(request.headers)
        if self.context.terminated.is_set():
            self._reset(request, ErrorCodes.REFUSED_STREAM)
        elif not (head[b":method"] + head.get(b":path", b"/")).isascii():
            self._reset(request, ErrorCodes.PROTOCOL_ERROR)
        else:
            if b":path" not in head:
                # CONNECT has none (RFC 9113, 8.5), and hypercorn 0.18 crashes without one.
                request.headers.append((b":path", b"*"))
            await super()._handle_events([request])

    def _reset(self, request: RequestReceived, reason: ErrorCodes) -> None:
        with suppress(ProtocolError):  # The client has reset it already; hypercorn 0.18 crashes.
            self.connection.reset_stream(request.stream_id, reason)

    def _is_flooded(self) -> bool:
        """Whether the client mostly opens streams and resets them.

        hypercorn 0.18 does not limit that ("rapid reset", CVE-2023-44487).
        """
        self._resets += 1
        return self._resets > FREE_RESETS and 2 * self._resets > self._requests
