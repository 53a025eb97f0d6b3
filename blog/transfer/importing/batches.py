"""Read a source in batches: while one is written, the next is prepared, and one more is read."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

from blog.core.text.process_pool import OverloadedError
from blog.transfer.importing.batch import Batch
from blog.transfer.importing.post import SourceError
from blog.transfer.importing.processes import ReadItems, SourceReader
from blog.transfer.importing.writer import Writer

Step = tuple[ReadItems, Batch]


async def batches(
    reading: SourceReader, writer: Writer, position: int
) -> AsyncGenerator[Step, None]:
    """Yield the items after a position, prepared for writing.

    Raises:
        SourceError: nothing in the source can be imported.
        OverloadedError: the machine is too busy.
    """
    reading_task = asyncio.create_task(reading.read_after(position))

    async def next_step() -> Step:
        nonlocal reading_task
        found = await reading_task
        if not found.is_end:
            reading_task = asyncio.create_task(reading.read_after(found.position))
        return found, await writer.prepare(found.entries)

    preparing_task = asyncio.create_task(next_step())
    try:
        while True:
            step = await preparing_task
            if not (is_end := step[0].is_end):
                preparing_task = asyncio.create_task(next_step())
            yield step
            if is_end:
                return
    finally:
        for task in (preparing_task, reading_task):
            task.cancel()
            with suppress(asyncio.CancelledError, SourceError, OverloadedError):
                await task
