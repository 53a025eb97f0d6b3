"""Retry writes while the database is unavailable."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from blog.core.db.database_errors import is_unavailable
from blog.core.jobs.backoff import Backoff


async def retry_while_unavailable(write: Callable[[], Awaitable[None]], deadline: float) -> None:
    """Call `write` until it succeeds or a lease ends.

    It records work that can't be undone, and must not be done twice because the database restarts
    at this moment.

    Args:
        write: records the result.
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
            await asyncio.sleep(backoff.next_pause())
