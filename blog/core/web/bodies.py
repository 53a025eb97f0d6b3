"""Request bodies: size and time limits, and streaming.

An ordinary body is received completely before anything else. A route with `@takes_upload`
(`uploads.py`) has a larger limit, and reads its body as a stream, with backpressure: an upload
never takes more than a few hundred kilobytes of memory.
"""

import asyncio
from collections.abc import AsyncGenerator, Generator
from typing import Any, Self

from quart import Request
from quart.wrappers.request import Body
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout

from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext

MIB = 1024 * 1024
LARGEST_BODY = MIB
# For a whole ordinary body: 1 MiB needs 35 kB/s, a post of 64 KiB far less. An upload has this
# time per MiB, and may not pause for longer.
BODY_SECONDS = 30
# The maximum number of received bytes that have not been read.
MOST_WAITING = 256 * 1024

TOO_SLOW = lazy_gettext("Your request was too slow, or was interrupted. Please try again.")


class StreamedBody(Body):
    """A body that is read as a stream."""

    def __init__(self) -> None:
        super().__init__(None, None)
        self._waiting = bytearray()
        self._has_ended = False
        self._is_unwanted = False
        self._has_news = asyncio.Event()
        self._has_room = asyncio.Event()

    def append(self, data: bytes) -> None:
        if not self._is_unwanted:
            self._waiting += data
            self._has_news.set()

    def set_complete(self) -> None:
        self._has_ended = True
        self._has_news.set()

    def clear(self) -> None:
        """Discard what has arrived, and what will."""
        self._is_unwanted = True
        self._waiting.clear()
        self._has_room.set()

    async def room(self) -> None:
        """Wait until there is room for more data."""
        if len(self._waiting) > MOST_WAITING:
            self._has_room.clear()
            await self._has_room.wait()

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        while not self._waiting:
            if self._has_ended:
                raise StopAsyncIteration
            self._has_news.clear()
            await self._has_news.wait()
        data = bytes(self._waiting)
        self._waiting.clear()
        self._has_room.set()
        return data

    def __await__(self) -> Generator[Any, None, Any]:
        raise TypeError("a route that takes an upload reads its body as a stream")


async def receive_chunks(request: Request, largest: int) -> AsyncGenerator[bytes, None]:
    """Receive the chunks of a request's body.

    Args:
        request: a request with a `StreamedBody`.
        largest: the maximum size in bytes.

    The iterator raises:
        RequestEntityTooLarge: the body is larger; raised at once if `Content-Length` says so.
        RequestTimeout: the body pauses for too long, or takes too long in total.
    """
    too_large = RequestEntityTooLarge(
        _("Your request is larger than the limit of %(size)s MiB.", size=format(largest / MIB, "g"))
    )
    if (request.content_length or 0) > largest:
        raise too_large
    pause = request.body_timeout or BODY_SECONDS
    loop = asyncio.get_running_loop()
    end = loop.time() + pause * max(largest / LARGEST_BODY, 1)
    size = 0
    while True:
        try:
            async with asyncio.timeout_at(min(loop.time() + pause, end)):
                chunk = await anext(request.body, None)
        except TimeoutError:
            raise RequestTimeout(str(TOO_SLOW)) from None
        if chunk is None:
            return
        size += len(chunk)
        if size > largest:
            raise too_large
        yield chunk
