"""Probe something that may never answer, such as a hanging database."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

PROBE_SECONDS = 2.0

Answer = TypeVar("Answer")


class Probe(Generic[Answer]):
    """A check that concurrent callers share.

    It is not started again while it is pending: it holds a connection, and a connection per health
    check would exhaust the pool.

    Args:
        ask: performs the check.
    """

    def __init__(self, ask: Callable[[], Awaitable[Answer]]) -> None:
        self._ask = ask
        self._asking: asyncio.Task[Answer] | None = None

    async def answer(self) -> Answer:
        """The result of the pending check, or of a new one.

        Raises:
            TimeoutError: there is no result within `PROBE_SECONDS`.
        """
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._run())
            # Retrieve the exception even if no caller waits any more.
            self._asking.add_done_callback(lambda task: task.cancelled() or task.exception())
        return await asyncio.wait_for(asyncio.shield(self._asking), PROBE_SECONDS)

    async def _run(self) -> Answer:
        return await self._ask()
