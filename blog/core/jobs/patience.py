"""Record a result although the database may be unavailable for a moment."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from blog.core.db.database_errors import is_unavailable
from blog.core.jobs.backoff import Backoff


async def persistently(write: Callable[[], Awaitable[None]], deadline: float) -> None:
    """Call `write` until it succeeds or a lease ends.

    The work cannot be undone: a database that restarts at this moment must not cause it to be done
    twice.

    Args:
        deadline: when the lease ends, by `time.monotonic()`.

    Raises:
        Exception: the last error of `write`.
    """
    backoff = Backoff(first=0.2, longest=5)
    while True:
        try:
            return await write()
        except Exception as error:
            if not is_unavailable(error) or time.monotonic() > deadline:
                raise
            await asyncio.sleep(backoff.failed())
