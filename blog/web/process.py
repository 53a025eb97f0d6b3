"""How a web process starts, logs and ends. Called by `asgi.py`, once a process."""

import asyncio
import logging
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait

from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from blog.kit import logs
from settings import Settings

log = logging.getLogger(__name__)


def prepare_process(settings: Settings) -> None:
    """Set up what belongs to the process and not to an application in it."""
    configure_logging(settings)
    if (parent := multiprocessing.parent_process()) is not None:
        # hypercorn tells its workers by an event to drain. As soon as the first of them has
        # ended it also sends SIGTERM to the others, which would end them in mid-request.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        threading.Thread(target=_end_with, args=[parent.sentinel], daemon=True).start()


def configure_logging(settings: Settings) -> None:
    """Log to standard error, one line an event, for machines in production."""
    logs.configure_logging(machine_readable=settings.is_production)
    logging.getLogger().handlers[0].addFilter(_is_worth_a_line)
    # One "Running on …" for each worker is of no use.
    logging.getLogger("hypercorn.error").setLevel(logging.WARNING)


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    if record.name.startswith("hypercorn."):
        # Its own program, unlike `blog serve`, gives this logger a handler besides ours.
        return not logging.getLogger(record.name).handlers
    if record.name == "asyncio" and record.exc_info:
        # Python 3.11 reports each connection whose task was cancelled.
        return not isinstance(record.exc_info[1], asyncio.CancelledError)
    return True


def _end_with(parent: int) -> None:
    """End when the parent was killed: a worker that outlives it would keep the port for ever."""
    wait([parent])
    os._exit(1)


class TidyEnd:
    """ASGI middleware: the process ends without a traceback where hypercorn would print one.

    That is the case when the application cannot start: it has logged the reason, and the
    process ends with code 1. And it is when requests took longer than hypercorn waits for them
    at the end: it fails then, and does not tell the application to shut down.
    """

    def __init__(self, app: ASGIFramework) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        if scope["type"] == "lifespan":
            receive, send = _tidy(receive, send)
        await self.app(scope, receive, send)


def _tidy(
    receive: ASGIReceiveCallable, send: ASGISendCallable
) -> tuple[ASGIReceiveCallable, ASGISendCallable]:
    cut_off = asyncio.Event()

    async def receive_or_shut_down() -> ASGIReceiveEvent:
        try:
            return await receive()
        except asyncio.CancelledError:
            log.warning("requests that took too long were cut off")
            cut_off.set()
            return {"type": "lifespan.shutdown"}

    async def send_or_end(event: ASGISendEvent) -> None:
        if event["type"] == "lifespan.startup.failed":
            # Raised by the loop: hypercorn's task for the lifespan would report it as lost.
            loop = asyncio.get_running_loop()
            loop.call_soon(sys.exit, 1)
            await loop.create_future()
        await send(event)
        if cut_off.is_set():
            os._exit(0)

    return receive_or_shut_down, send_or_end
