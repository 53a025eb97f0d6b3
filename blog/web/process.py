"""How a web process starts, logs and ends. Called by `asgi.py`, once a process."""

import logging
import multiprocessing
import os
import signal
import sys
import threading
from multiprocessing.connection import wait

from settings import Settings


def prepare_process(settings: Settings) -> None:
    """Set up what belongs to the process and not to an application in it."""
    configure_logging(settings)
    if (parent := multiprocessing.parent_process()) is not None:
        # hypercorn tells its workers by an event to drain. As soon as the first of them has
        # ended it also sends SIGTERM to the others, which would end them in mid-request.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        threading.Thread(target=_end_with, args=[parent.sentinel], daemon=True).start()


def configure_logging(settings: Settings) -> None:
    """Log to standard error, one line an event."""
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.INFO,
        format="%(asctime)s %(levelname)-7s %(name)s: %(message)s",
        datefmt="%H:%M:%S" if settings.is_development else "%Y-%m-%dT%H:%M:%S%z",
        force=True,
    )


def _end_with(parent: int) -> None:
    """End when the parent was killed: a worker that outlives it would keep the port for ever."""
    wait([parent])
    os._exit(1)
