"""Writing something down although the database may be away for a moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from blog.core.db.database_errors import is_unavailable
from blog.core.jobs.backoff import Backoff


async def persistently(write: Callable[[], Awaitable[None]], deadline: float) -> None:
    """Write something down, trying as often as it takes until a lease ends.

    What was done cannot be undone: a database that restarts at this moment must not make it be
    done twice.

    Args:
        deadline: by `time.monotonic()`.

    Raises:
        Exception: as `write` does at last.
    """
    backoff = Backoff(first=0.2, longest=5)
    while True:
        try:
            return await write()
        except Exception as error:
            if not is_unavailable(error) or time.monotonic() > deadline:
                raise
            await asyncio.sleep(backoff.failed())
