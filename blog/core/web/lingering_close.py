"""Lingering close (nginx's term): deliver early responses to clients that are still sending.

Closing a connection with unread data makes the kernel send a reset, and the client may lose the
response (RFC 9112, 9.6). Quart responds early, for example with 413 to a large body, and hypercorn
0.18 closes as soon as the response is complete.
"""

import asyncio
from contextlib import suppress

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

LINGER_SECONDS = 5


class LingeringClose:
    """ASGI middleware that delays the end of a response until the request is complete.

    The response itself has been sent by then. Quart keeps receiving and discards what exceeds the
    largest body. After `LINGER_SECONDS` the connection is closed anyway.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "http":
            receive, send = _lingering(receive, send)
        await self.app(scope, receive, send)


def _lingering(
    receive: ASGIReceiveCallable, send: ASGISendCallable
) -> tuple[ASGIReceiveCallable, ASGISendCallable]:
    """Wrap the channels of a request so that the last `send` waits for the last `receive`."""
    arrived = asyncio.Event()

    async def watched_receive() -> ASGIReceiveEvent:
        event = await receive()
        if event["type"] != "http.request" or not event["more_body"]:
            arrived.set()
        return event

    async def patient_send(event: ASGISendEvent) -> None:
        if event["type"] == "http.response.start" and event["status"] == 408:
            arrived.set()  # The body has timed out already.
        is_last = event["type"] == "http.response.body" and not event["more_body"]
        if is_last and not arrived.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(arrived.wait(), LINGER_SECONDS)
        await send(event)

    return watched_receive, patient_send
