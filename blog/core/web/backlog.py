"""Small work that is done after the answer, one piece at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVarTuple

from quart import Quart

MOST_WAITING = 100

Arguments = TypeVarTuple("Arguments")


class Backlog:
    """A bounded queue of an application's background work.

    What waits is a coroutine and its arguments, and holds no connection. An orderly stop waits for
    it; what a crash takes away must be worth no more than another click.

    Args:
        app: runs it, and logs what goes wrong.
        most: how many pieces may wait.
    """

    def __init__(self, app: Quart, most: int = MOST_WAITING) -> None:
        self._app = app
        self._most = most
        self._waiting = 0
        self._turn = asyncio.Semaphore(1)

    def add(self, work: Callable[[*Arguments], Awaitable[None]], *arguments: *Arguments) -> bool:
        """Have `work(*arguments)` done.

        Returns:
            Whether there was room for it.
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
