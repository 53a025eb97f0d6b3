"""The web processes: hypercorn's workers, and their graceful shutdown."""

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

# How long requests may take to finish during a shutdown, before they are cancelled.
DRAIN_SECONDS = 30
DRAIN_SECONDS_IN_DEVELOPMENT = 1
# How long the rest of a shutdown may take, before the workers are killed.
END_SECONDS = 5

_populate = hypercorn_run._populate


def run_workers(settings: Settings, listener: socket.socket) -> bool:
    """Serve until a signal arrives or a worker exits.

    Requests in progress are finished, up to a time limit.

    Args:
        settings: the settings, with the number of workers.
        listener: the socket to accept connections from.

    Returns:
        Whether a signal arrived. The exit code of hypercorn 0.18 does not tell: it is 0 even if a
        worker failed (pgjones/hypercorn#269).
    """
    drain = DRAIN_SECONDS_IN_DEVELOPMENT if settings.is_development else DRAIN_SECONDS
    listening = listener.detach()
    deadline = Deadline(drain + END_SECONDS, listening)
    _treat_sigquit_as_sigterm()
    hypercorn_run._populate = _start_workers  # type: ignore[assignment]
    try:
        hypercorn_run.run(_build_configuration(settings, listening, drain))
        _join_workers()
    finally:
        # A signal may have arrived while they were being started.
        _kill_workers()
        # Until they exit, they are users of an embedded server, which stops with its last user.
        _join_workers()
        deadline.withdraw()
    return deadline.was_set


def _build_configuration(settings: Settings, listening: int, drain: int) -> Config:
    config = Config()
    config.application_path = "asgi:app"
    config.bind = [f"fd://{listening}"]
    config.workers = settings.web_concurrency
    config.worker_class = "uvloop"
    if settings.tls_certificate and settings.tls_key:
        config.certfile, config.keyfile = str(settings.tls_certificate), str(settings.tls_key)
    config.graceful_timeout = drain
    config.include_server_header = False
    config.errorlog = logging.getLogger("hypercorn.error")
    return config


def _start_workers(*arguments: Any) -> None:
    """Start workers as hypercorn does, without losing a Ctrl-C in the meantime.

    hypercorn 0.18 ignores SIGINT while it starts workers, so that they inherit this.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    # A blocked signal stays pending, even while it is ignored (sigaction(2)).
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        _populate(*arguments)
        if signal.SIGINT in signal.sigpending():
            raise KeyboardInterrupt
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _treat_sigquit_as_sigterm() -> None:
    """Handle SIGQUIT like SIGTERM, because hypercorn 0.18 does not handle it.

    Ctrl-\\ sends it to the whole process group, and it would kill multiprocessing's resource
    tracker. So the tracker is started, by creating a lock, while the signal is blocked, and
    inherits that; a signal that arrives in the meantime is handled afterwards.
    """
    signal.signal(signal.SIGQUIT, lambda *_: signal.raise_signal(signal.SIGTERM))
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGQUIT})
    try:
        multiprocessing.get_context("spawn").Lock()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _kill_workers() -> None:
    for worker in multiprocessing.active_children():
        worker.kill()


def _join_workers() -> None:
    for worker in multiprocessing.active_children():
        worker.join()


def _release_listener(listening: int) -> None:
    """Close the listening socket in this process, so that only the workers keep it open.

    hypercorn 0.18 closes it after the last worker has exited. While any process has it open, the
    kernel accepts connections, and finally resets them. So the backlog is reduced as well: only one
    connection can be pending until the last worker closes the socket.
    """
    try:
        duplicate = os.dup(listening)
    except OSError:  # All workers have already exited, and hypercorn has closed it.
        return
    with socket.socket(fileno=duplicate) as listener:
        listener.listen(0)
    # hypercorn closes the descriptor later, so it must stay open.
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), listening)


class Deadline:
    """A deadline for the workers after the first SIGINT or SIGTERM, at which they are killed.

    Args:
        seconds: the time from the signal to the deadline.
        listening: the descriptor of the listening socket.

    Attributes:
        was_set: whether a signal has arrived.
    """

    def __init__(self, seconds: float, listening: int) -> None:
        self.was_set = False
        self._seconds = seconds
        self._listening = listening
        self._withdrawn = threading.Event()
        # Python writes the number of each signal to it, even if hypercorn handles the signal.
        self._signals, self._wakeup = socket.socketpair()
        self._wakeup.setblocking(False)
        signal.set_wakeup_fd(self._wakeup.fileno())
        self._thread = threading.Thread(target=self._watch)
        # The new thread must not receive SIGINT, which the main thread may block.
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        self._thread.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def withdraw(self) -> None:
        """Cancel the deadline after all workers have exited."""
        signal.set_wakeup_fd(-1)
        self._withdrawn.set()
        self._wakeup.close()
        self._thread.join()
        self._signals.close()

    def _watch(self) -> None:
        while number := self._signals.recv(1):
            if number[0] in {signal.SIGINT, signal.SIGTERM}:
                self.was_set = True
                _release_listener(self._listening)
                if not self._withdrawn.wait(self._seconds):
                    _kill_workers()
                return
