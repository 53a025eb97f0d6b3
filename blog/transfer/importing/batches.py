"""A source in batches, of which the next is read while one is prepared."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from blog.transfer.importing.batch import Batch
from blog.transfer.importing.post import SourceError
from blog.transfer.importing.processes import Found, Reading
from blog.transfer.importing.writer import Writer


async def batches(
    reading: Reading, writer: Writer, position: int
) -> AsyncGenerator[tuple[Found, Batch], None]:
    """The items behind a position, prepared to be written.

    Raises:
        SourceError: nothing of the source can be imported.
        OverloadedError: the machine is too busy.
    """
    following = asyncio.create_task(reading.after(position))
    try:
        while True:
            found = await following
            if not found.is_end:
                following = asyncio.create_task(reading.after(found.position))
            yield found, await writer.prepare(found.entries)
            if found.is_end:
                return
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError, SourceError):
            await following
