"""The shutdown of a web process: ends endless responses, and answers requests that take too
long."""

import asyncio

from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)


class Draining:
    """Whether hypercorn has stopped accepting connections and waits for the last responses."""

    def __init__(self) -> None:
        self._context: WorkerContext | None = None

    def watch(self, context: WorkerContext) -> None:
        """Follow the worker that serves this process."""
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


class UnfinishedMiddleware:
    """ASGI middleware that answers 503 to a request that a shutdown cancels.

    The next process may answer it. hypercorn 0.18 would answer 500.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        has_started = scope["type"] != "http"

        async def note_and_send(event: ASGISendEvent) -> None:
            nonlocal has_started
            has_started = True
            await send(event)

        try:
            await self.app(scope, receive, note_and_send)
        except asyncio.CancelledError:
            if not has_started:
                headers = [(b"content-length", b"0"), (b"retry-after", b"1")]
                await send({"type": "http.response.start", "status": 503, "headers": headers})
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            raise
