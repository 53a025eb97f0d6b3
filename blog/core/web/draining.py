"""Knowing that this process is about to end, for responses that would never end by themselves."""

import asyncio

from hypercorn.asyncio.worker_context import WorkerContext


class Draining:
    """Whether hypercorn has stopped accepting connections and waits for the last responses."""

    def __init__(self) -> None:
        self._context: WorkerContext | None = None

    def watch(self, context: WorkerContext) -> None:
        """Follow this worker, which serves the process."""
        self._context = context

    async def wait(self) -> None:
        """Return when the process is about to end. Outside hypercorn it never does."""
        if self._context is None:
            await asyncio.get_running_loop().create_future()
        else:
            await self._context.terminated.wait()


draining = Draining()


class WatchedContext(WorkerContext):
    """A worker's context that `draining` follows: hypercorn 0.18 doesn't tell the application of a
    shutdown until all responses have ended."""

    def __init__(self, max_requests: int | None) -> None:
        super().__init__(max_requests)
        draining.watch(self)
