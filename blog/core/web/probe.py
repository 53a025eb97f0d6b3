"""Asking something that may never answer, such as a database that hangs."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

PROBE_SECONDS = 2.0

Answer = TypeVar("Answer")


class Probe(Generic[Answer]):
    """A question that any number of requests may ask at once, and that is asked once.

    One that gets no answer is not asked again meanwhile: it holds a connection, and if each
    health check took one more, there would soon be none left.

    Args:
        ask: asks it.
    """

    def __init__(self, ask: Callable[[], Awaitable[Answer]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[Answer] | None = None

    async def answer(self) -> Answer:
        """The answer to the question that is being asked, or to a new one.

        Raises:
            TimeoutError: there is none within `PROBE_SECONDS`.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._run())
            # Perhaps nobody waits any more for what comes of it.
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.wait_for(asyncio.shield(self._asking), PROBE_SECONDS)

    async def _run(self) -> Answer:
        return await self._ask()
