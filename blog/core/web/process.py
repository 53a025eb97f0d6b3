"""Start-up, logging and exit of a web process. Called by `asgi.py`, once per process."""

import asyncio
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
    ASGISendCallable,
    ASGISendEvent,
    Scope,
)

from blog.core.web import request_log
from blog.core.web.hypercorn_patches import patch_hypercorn
from blog.core.web.log_targets import SyslogTarget, log_target
from blog.core.web.logs import JSONFormatter, TextFormatter
from settings import Settings

log = logging.getLogger(__name__)


def prepare_process(settings: Settings) -> None:
    """Set up what belongs to the process rather than to an application in it."""
    configure_logging(settings)
    patch_hypercorn()
    if (parent := multiprocessing.parent_process()) is not None:
        # hypercorn 0.18 tells its workers to drain by an event. But when the first of them has
        # exited, it sends SIGTERM to the others, which would kill them in mid-request.
        # Ctrl-\ sends SIGQUIT to the whole group; only the supervisor has to handle it.
        for number in (signal.SIGTERM, signal.SIGQUIT):
            signal.signal(number, signal.SIG_IGN)
        threading.Thread(target=_exit_with_parent, args=[parent.sentinel], daemon=True).start()


def configure_logging(settings: Settings) -> None:
    """Log to `LOG_TO` what `LOG_LEVEL` lets through: text in development, JSON in production.

    Raises:
        SystemExit: the target cannot be opened; a line on standard error says why.
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
    target.addFilter(_is_relevant)
    # Do not collect what no format shows (Logging HOWTO, "Optimization").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.basicConfig(level=settings.log_level.upper(), handlers=[target], force=True)
    # Suppress "Running on …" of each worker; the migrations do their own logging.
    logging.getLogger("hypercorn.error").setLevel(logging.WARNING)
    logging.getLogger("hypercorn.error").addFilter(_use_root_handlers)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    # SQLAlchemy names a pool's logger after the module of its class, which is ours.
    logging.getLogger("blog.core.db.engines").setLevel(logging.WARNING)


def _use_root_handlers(record: logging.LogRecord) -> bool:
    """Let hypercorn's logger use the root handlers.

    The command of hypercorn 0.18, unlike `blog serve`, adds a handler for standard error after it
    has imported the application.
    """
    handlers = logging.getLogger(record.name).handlers
    handlers[:] = [handler for handler in handlers if isinstance(handler, logging.FileHandler)]
    return True


def _is_relevant(record: logging.LogRecord) -> bool:
    """Drop the report that Python 3.11 logs for each connection whose task was cancelled."""
    return not (
        record.name == "asyncio"
        and record.exc_info
        and isinstance(record.exc_info[1], asyncio.CancelledError)
    )


def _exit_with_parent(parent: int) -> None:
    """Exit when the parent was killed: with hypercorn 0.18, orphaned workers keep the port."""
    wait([parent])
    os._exit(1)


class LifespanMiddleware:
    """ASGI middleware that exits with code 1 if the application cannot start.

    The application has logged the reason. hypercorn 0.18 would print a traceback, and its
    supervisor would exit with code 0 (pgjones/hypercorn#269).
    """

    def __init__(self, app: ASGIFramework) -> None:
        self.app = app

    async def __call__(
        self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable
    ) -> None:
        async def send_or_exit(event: ASGISendEvent) -> None:
            if event["type"] == "lifespan.startup.failed":
                # Exit from the loop: raised in hypercorn's lifespan task it would be lost.
                loop = asyncio.get_running_loop()
                loop.call_soon(sys.exit, 1)
                await loop.create_future()
            await send(event)

        await self.app(scope, receive, send_or_exit if scope["type"] == "lifespan" else send)
