"""Gzip compression of text responses (RFC 9110, 8.4.1.3)."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncGenerator, Callable
from typing import Concatenate, ParamSpec

from quart import Response, request
from quart.wrappers.response import DataBody, IterableBody

from blog.core.web.app import Broadside
from blog.core.web.headers import vary_by

SMALLEST = 1024
LEVEL = 5
# In bytes; compressing this takes less than a millisecond.
LARGEST_INLINE = 32 * 1024
GZIP_FORMAT = 16 + zlib.MAX_WBITS
# Suffix of strong entity tags of compressed representations, which differ from the plain ones
# byte by byte (RFC 9110, 8.8.3.3).
GZIPPED = "-gzip"
Arguments = ParamSpec("Arguments")
COMPRESSIBLE = {
    "application/atom+xml",
    "application/feed+json",
    "application/json",
    "application/problem+json",
    "application/xml",
    "image/svg+xml",
    "text/css",
    "text/html",
    "text/javascript",
    "text/plain",
}


async def compress(response: Response) -> Response:
    """Compress a text response, unless it is short, compressed already, or not accepted so."""
    if response.mimetype not in COMPRESSIBLE or "Content-Encoding" in response.headers:
        return response
    vary_by(response, "Accept-Encoding")
    if not request.accept_encodings["gzip"]:
        return response
    body = response.response
    if isinstance(body, DataBody):
        data = await response.get_data(as_text=False)
        if len(data) < SMALLEST:
            return response
        response.set_data(await _in_thread_if_large(gzip.compress, data, LEVEL, mtime=0))
    elif isinstance(body, IterableBody):
        response.response = IterableBody(_compressed(body))
    else:
        return response
    response.headers["Content-Encoding"] = "gzip"
    tag, is_weak = response.get_etag()
    if tag is not None and not is_weak:
        response.set_etag(tag + GZIPPED)
    return response


async def _compressed(body: IterableBody) -> AsyncGenerator[bytes, None]:
    """Compress a streamed body chunk by chunk."""
    compressor = zlib.compressobj(LEVEL, wbits=GZIP_FORMAT)
    async with body as pieces:
        async for piece in pieces:
            data = piece.encode() if isinstance(piece, str) else piece
            if compressed := await _in_thread_if_large(compressor.compress, data):
                yield compressed
    yield compressor.flush()


async def _in_thread_if_large(
    compress: Callable[Concatenate[bytes, Arguments], bytes],
    data: bytes,
    *arguments: Arguments.args,
    **options: Arguments.kwargs,
) -> bytes:
    """Call `compress`; run it in a thread if there is much data, to keep the event loop free."""
    if len(data) <= LARGEST_INLINE:
        return compress(data, *arguments, **options)
    return await asyncio.to_thread(compress, data, *arguments, **options)


def init_app(app: Broadside) -> None:
    app.after_request(compress)
