"""Receiving requests from hypercorn, and sending responses to it."""

import asyncio
from typing import cast

from hypercorn.typing import (
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
)
from quart import Quart, Request
from quart.asgi import ASGIHTTPConnection
from quart.typing import ResponseTypes

from blog.core.web.bodies import StreamedBody
from blog.core.web.requests import StrictRequest

SEND_SECONDS = 60


class StrictConnection(ASGIHTTPConnection):
    """One request."""

    _request: StrictRequest

    async def handle_messages(self, request: Request, receive: ASGIReceiveCallable) -> None:
        """Receive the body; apply backpressure if it is read as a stream."""
        self._request = cast(StrictRequest, request)
        if self._request.may_be_upload:
            await self._request.is_routed.wait()
        while (message := await receive())["type"] == "http.request":
            request.body.append(message.get("body", b""))
            if not message.get("more_body", False):
                request.body.set_complete()
            if isinstance(request.body, StreamedBody):
                await request.body.room()

    async def _send_response(self, send: ASGISendCallable, response: ResponseTypes) -> None:
        """Disconnect a client that does not read: the time limit applies to each chunk.

        Quart's `RESPONSE_TIMEOUT` applies to the whole response, however long it is.
        """
        if self._request.may_be_upload:
            self._request.is_routed.set()
            if isinstance(self._request.body, StreamedBody):
                self._request.body.clear()  # The rest will not be read.
        loop = asyncio.get_running_loop()
        started = loop.time()
        async with asyncio.timeout_at(started + SEND_SECONDS) as limit:

            async def send_chunk(event: ASGISendEvent) -> None:
                nonlocal started
                await send(event)
                # Most responses are sent at once, and a timer costs more than the time.
                if (now := loop.time()) > started + 1:
                    started = now
                    limit.reschedule(now + SEND_SECONDS)

            await super()._send_response(send_chunk, response)


def init_app(app: Quart) -> None:
    """Let `app` talk to hypercorn this way."""
    app.asgi_http_class = StrictConnection
