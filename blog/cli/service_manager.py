"""Telling a service manager when the site is ready, and that it still answers (sd_notify(3)).

systemd passes the two variables to a service with `Type=notify` and `WatchdogSec=`. They are its
protocol, not settings, so they are read here.
"""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from settings import Settings

# How often to check whether the site is ready, and how long an answer may take, in seconds.
READY_PAUSE, ANSWER_SECONDS = 0.2, 5.0
# The addresses of this machine that the wildcard addresses include.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class ServiceManager:
    """The service manager that has started this process; without one, nothing is told."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        # An abstract socket (unix(7)).
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        # It waits for twice as long.
        self.alive_seconds = int(os.environ.get("WATCHDOG_USEC") or 0) / 2_000_000

    def __bool__(self) -> bool:
        return bool(self._address)

    def tell(self, state: str) -> None:
        """Send a state such as `READY=1`; a service manager that is gone is no error."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
            try:
                notifier.connect(self._address)
                notifier.send(state.encode())
            except OSError:
                return


@contextmanager
def reported(settings: Settings) -> Iterator[None]:
    """While the site is served: tell the service manager whenever it answers.

    Any one of the web processes may answer, so a service is restarted when none of them does.
    """
    manager = ServiceManager()
    if not manager:
        yield
        return
    is_over = threading.Event()
    arguments = (manager, lambda: _answers(settings), is_over)
    thread = threading.Thread(target=_report, args=arguments, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        manager.tell("STOPPING=1")


def _report(manager: ServiceManager, answers: Callable[[], bool], is_over: threading.Event) -> None:
    while not answers():
        if is_over.wait(READY_PAUSE):
            return
    manager.tell("READY=1")
    while manager.alive_seconds and not is_over.wait(manager.alive_seconds):
        if answers():
            manager.tell("WATCHDOG=1")


def _answers(settings: Settings) -> bool:
    """Whether the site answers its liveness probe."""
    host = LOOPBACK.get(settings.host, settings.host)
    if settings.tls_certificate is None:
        connection = HTTPConnection(host, settings.port, timeout=ANSWER_SECONDS)
    else:
        # Its certificate is for its name, and nothing is sent that must stay secret.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = HTTPSConnection(host, settings.port, timeout=ANSWER_SECONDS, context=context)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
