"""Answering a client that is still sending, so that it gets the answer.

A server that closes a connection with unread data in it makes the system send a reset, which
may take the answer with it (RFC 9112, section 9.6). Quart answers early, for instance 413 to a
body that is too large, and hypercorn closes as soon as the answer is complete.
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
    """ASGI middleware: holds the end of an answer back until the request has arrived.

    The answer itself has been sent by then. Quart goes on receiving meanwhile, and throws away
    what is beyond the largest body. Who sends for longer than `LINGER_SECONDS` is cut off.
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
    """The two channels of a request, of which the second heeds what came through the first."""
    arrived = asyncio.Event()

    async def watched_receive() -> ASGIReceiveEvent:
        event = await receive()
        if event["type"] != "http.request" or not event["more_body"]:
            arrived.set()
        return event

    async def patient_send(event: ASGISendEvent) -> None:
        if event["type"] == "http.response.start" and event["status"] == 408:
            arrived.set()  # The body has been waited for long enough.
        is_last = event["type"] == "http.response.body" and not event["more_body"]
        if is_last and not arrived.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(arrived.wait(), LINGER_SECONDS)
        await send(event)

    return watched_receive, patient_send
