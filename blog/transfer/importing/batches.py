"""A source in batches. While one is written, the next is prepared, and the one after it is read."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from blog.core.text.process_pool import OverloadedError
from blog.transfer.importing.batch import Batch
from blog.transfer.importing.post import SourceError
from blog.transfer.importing.processes import Found, Reading
from blog.transfer.importing.writer import Writer

Step = tuple[Found, Batch]


async def batches(reading: Reading, writer: Writer, position: int) -> AsyncGenerator[Step, None]:
    """The items behind a position, prepared to be written.

    Raises:
        SourceError: nothing of the source can be imported.
        OverloadedError: the machine is too busy.
    """
    being_read = asyncio.create_task(reading.after(position))

    async def next_step() -> Step:
        nonlocal being_read
        found = await being_read
        if not found.is_end:
            being_read = asyncio.create_task(reading.after(found.position))
        return found, await writer.prepare(found.entries)

    being_prepared = asyncio.create_task(next_step())
    try:
        while True:
            step = await being_prepared
            if not (is_end := step[0].is_end):
                being_prepared = asyncio.create_task(next_step())
            yield step
            if is_end:
                return
    finally:
        for task in (being_prepared, being_read):
            task.cancel()
            with suppress(asyncio.CancelledError, SourceError, OverloadedError):
                await task
