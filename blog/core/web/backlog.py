"""Small background tasks that run after the response, one at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVarTuple

from quart import Quart

MOST_WAITING = 100
# When to try again if it is full.
BACKLOG_FULL_WAIT = timedelta(seconds=20)

Arguments = TypeVarTuple("Arguments")


class Backlog:
    """A bounded in-memory queue of background tasks.

    A queued task is a coroutine function and its arguments; it holds no connection. A clean
    shutdown waits for the queue. A crash loses it, so use it only for work that a user can trigger
    again.

    Args:
        app: runs the tasks and logs their errors.
        most: the maximum number of queued tasks.
    """

    def __init__(self, app: Quart, most: int = MOST_WAITING) -> None:
        self._app = app
        self._most = most
        self._waiting = 0
        self._turn = asyncio.Semaphore(1)

    def add(self, work: Callable[[*Arguments], Awaitable[None]], *arguments: *Arguments) -> bool:
        """Queue `work(*arguments)`.

        Returns:
            `False` if the queue is full.
        """
        if self._waiting >= self._most:
            return False
        self._waiting += 1
        self._app.add_background_task(self._run, work, arguments)
        return True

    async def _run(
        self, work: Callable[[*Arguments], Awaitable[None]], arguments: tuple[*Arguments]
    ) -> None:
        try:
            async with self._turn:
                await work(*arguments)
        finally:
            self._waiting -= 1
