"""The web processes: hypercorn's workers, and their end in good time."""

import logging
import multiprocessing
import os
import signal
import socket
import threading
from pathlib import Path
from typing import Any

from hypercorn import run as hypercorn_run
from hypercorn.config import Config

from settings import Settings

# How long a request that is under way may take when the server is told to stop.
DRAIN_SECONDS = 30.0
DRAIN_SECONDS_IN_DEVELOPMENT = 1.0

_populate = hypercorn_run._populate


def run_workers(settings: Settings, listener: socket.socket) -> bool:
    """Serve until a signal asks for the end, or a worker ends by itself.

    Requests that are under way are finished, but for those that take too long.

    Args:
        settings: say how many workers there are.
        listener: where they listen.

    Returns:
        Whether a signal asked for the end. hypercorn's own exit code does not tell: it is 0
        also where a worker has failed (its issue 269).
    """
    drain = DRAIN_SECONDS_IN_DEVELOPMENT if settings.is_development else DRAIN_SECONDS
    listening = listener.detach()
    deadline = Deadline(drain, listening)
    _take_sigquit_for_sigterm()
    hypercorn_run._populate = _start_workers  # type: ignore[assignment]
    try:
        hypercorn_run.run(_configuration(settings, listening, drain))
        for worker in multiprocessing.active_children():
            worker.join()
    finally:
        # A signal can come while they are being started.
        _kill_workers()
        deadline.withdraw()
    return deadline.was_set


def _configuration(settings: Settings, listening: int, drain: float) -> Config:
    config = Config()
    config.application_path = "asgi:app"
    config.bind = [f"fd://{listening}"]
    config.workers = settings.web_concurrency
    config.worker_class = "uvloop"
    if settings.tls_certificate and settings.tls_key:
        config.certfile, config.keyfile = str(settings.tls_certificate), str(settings.tls_key)
    # Ours comes first: where hypercorn cuts requests off, it ends with a traceback and without
    # having told the application.
    config.graceful_timeout = 2 * drain
    config.include_server_header = False
    config.errorlog = logging.getLogger("hypercorn.error")
    return config


def _start_workers(*arguments: Any) -> None:
    """Start workers as hypercorn does, but lose no Ctrl-C meanwhile.

    For the workers to ignore SIGINT, hypercorn ignores it while it starts them.

    Raises:
        KeyboardInterrupt: it came.
    """
    # What is blocked waits, also where it would be ignored (sigaction(2)).
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        _populate(*arguments)
        if signal.SIGINT in signal.sigpending():
            raise KeyboardInterrupt
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _take_sigquit_for_sigterm() -> None:
    """End by SIGQUIT as by SIGTERM.

    Ctrl-\\ sends it to all processes of the terminal, and multiprocessing's own, which looks after
    semaphores, is not prepared for it: so it is started, with the first of them, while the signal
    is ignored, which it inherits.
    """
    signal.signal(signal.SIGQUIT, signal.SIG_IGN)
    multiprocessing.get_context("spawn").Lock()
    signal.signal(signal.SIGQUIT, lambda *_: signal.raise_signal(signal.SIGTERM))


def _kill_workers() -> None:
    for worker in multiprocessing.active_children():
        worker.kill()


def _let_go(listening: int) -> None:
    """Give up this process's hold on the socket, so that nobody connects once the workers did.

    As long as anyone holds it the kernel goes on accepting connections, and in the end resets
    them. Until the last worker has let go, only one at a time may wait to be accepted.
    """
    try:
        duplicate = os.dup(listening)
    except OSError:  # Every worker has ended already, and hypercorn has closed it.
        return
    with socket.socket(fileno=duplicate) as listener:
        listener.listen(0)
    # hypercorn closes the number later, so it must stand for something.
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), listening)


class Deadline:
    """Set by the first signal that asks for the end: workers that miss it are killed.

    Args:
        seconds: from the signal to the deadline.
        listening: the number of the socket that the workers accept from.

    Attributes:
        was_set: whether there was such a signal.
    """

    def __init__(self, seconds: float, listening: int) -> None:
        self.was_set = False
        self._seconds = seconds
        self._listening = listening
        self._withdrawn = threading.Event()
        # Python writes the number of each signal there, also of those that hypercorn handles.
        self._signals, self._wakeup = socket.socketpair()
        self._wakeup.setblocking(False)
        signal.set_wakeup_fd(self._wakeup.fileno())
        self._thread = threading.Thread(target=self._watch)
        # Signals are the main thread's, which may have to make them wait.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._thread.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def withdraw(self) -> None:
        """All workers have ended."""
        signal.set_wakeup_fd(-1)
        self._withdrawn.set()
        self._wakeup.close()
        self._thread.join()
        self._signals.close()

    def _watch(self) -> None:
        while number := self._signals.recv(1):
            if number[0] in {signal.SIGINT, signal.SIGTERM}:
                self.was_set = True
                _let_go(self._listening)
                if not self._withdrawn.wait(self._seconds):
                    _kill_workers()
                return
