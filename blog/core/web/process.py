"""How a web process starts, logs and ends. Called by `asgi.py`, once a process."""

import asyncio
import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait

import click
from hypercorn.typing import (
    ASGIFramework,
    ASGIReceiveCallable,
    ASGIReceiveEvent,
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from blog.core.web import request_log
from blog.core.web.draining import drain_with_care
from blog.core.web.log_targets import SyslogTarget, log_target
from blog.core.web.logs import JSONFormatter, TextFormatter
from settings import Settings

log = logging.getLogger(__name__)


def prepare_process(settings: Settings) -> None:
    """Set up what belongs to the process and not to an application in it."""
    configure_logging(settings)
    drain_with_care()
    if (parent := multiprocessing.parent_process()) is not None:
        # hypercorn tells its workers by an event to drain. As soon as the first of them has
        # ended it also sends SIGTERM to the others, which would end them in mid-request.
        # Ctrl-\ sends SIGQUIT to all of them, of which the supervisor's is enough.
        for number in (signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        threading.Thread(target=_end_with, args=[parent.sentinel], daemon=True).start()


def keep_for_good() -> None:
    """Spare the garbage collector what the process has made until now, which it will never free.

    To look through all of it takes long enough for each request to feel it that is under way.
    """
    gc.collect()
    gc.freeze()


def configure_logging(settings: Settings) -> None:
    """Let the log go where `LOG_TO` says: lines for people in development, else for machines.

    Raises:
        SystemExit: it cannot go there; a line on standard error says why.
    """
    try:
        target = log_target(settings.log_to)
    except OSError as error:
        reason = f"cannot write to {error.filename}: {error.strerror}"
        click.echo(f"settings: LOG_TO: {reason}", err=True)
        raise SystemExit(1) from None
    for_people = not settings.is_production and not isinstance(target, SyslogTarget)
    if for_people:
        coloured = settings.log_to == "stderr" and sys.stderr.isatty()
        layouts = {request_log.__name__: request_log.LAYOUT}
        target.setFormatter(TextFormatter(coloured=coloured, layouts=layouts))
    else:
        target.setFormatter(JSONFormatter())
    target.addFilter(_is_worth_a_line)
    # What no line shows need not be found out for each (Logging HOWTO, "Optimization").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=logging.INFO, handlers=[target], force=True)
    # One "Running on …" for each worker is of no use, and the migrations log for themselves.
    logging.getLogger("hypercorn.error").setLevel(logging.WARNING)
    logging.getLogger("hypercorn.error").addFilter(_take_over)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # SQLAlchemy names the logger of a pool by the module of its class, which is ours.
    logging.getLogger("blog.core.db.engines").setLevel(logging.WARNING)


def _take_over(record: logging.LogRecord) -> bool:
    """Let hypercorn log as we do.

    Its own program, unlike `blog serve`, gives its logger a handler for standard error, after it
    has imported the application.
    """
    handlers = logging.getLogger(record.name).handlers
    handlers[:] = [handler for handler in handlers if isinstance(handler, logging.FileHandler)]
    return True


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """Python 3.11 reports each connection whose task was cancelled."""
    return not (
        record.name == "asyncio"
        and record.exc_info
        and isinstance(record.exc_info[1], asyncio.CancelledError)
    )


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
