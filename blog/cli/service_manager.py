"""Notifying a service manager that the site is ready, and that it still responds (sd_notify(3)).

systemd passes the two variables to a service with `Type=notify` and `WatchdogSec=`. They belong to
its protocol and aren't settings, so they are read here.
"""

import os
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPSConnection

from settings import Settings

# How often to check whether the site is ready, and how long a response may take, in seconds.
READY_PAUSE, RESPONSE_SECONDS = 0.2, 5.0
# The addresses of this machine that the wildcard addresses include.
LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104


class ServiceManager:
    """The service manager that started this process. Without one, notifications do nothing."""

    def __init__(self) -> None:
        address = os.environ.get("NOTIFY_SOCKET", "")
        # An abstract socket (unix(7)).
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        # The service manager waits for twice as long.
        self.alive_seconds = int(os.environ.get("WATCHDOG_USEC") or 0) / 2_000_000

    def __bool__(self) -> bool:
        return bool(self._address)

    def notify(self, state: str) -> None:
        """Send a state such as `READY=1`. It isn't an error if the service manager is gone."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notifier:
            try:
                notifier.connect(self._address)
                notifier.send(state.encode())
            except OSError:
                return


@contextmanager
def notify_service_manager(settings: Settings) -> Iterator[None]:
    """While the site is served, notify the service manager whenever it responds.

    Any of the web processes may respond, so the service is restarted when none of them does.
    """
    manager = ServiceManager()
    if not manager:
        yield
        return
    is_over = threading.Event()
    arguments = (manager, lambda: _is_healthy(settings), is_over)
    thread = threading.Thread(target=_notify_while_healthy, args=arguments, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        manager.notify("STOPPING=1")


def _notify_while_healthy(
    manager: ServiceManager, is_healthy: Callable[[], bool], is_over: threading.Event
) -> None:
    while not is_healthy():
        if is_over.wait(READY_PAUSE):
            return
    manager.notify("READY=1")
    while manager.alive_seconds and not is_over.wait(manager.alive_seconds):
        if is_healthy():
            manager.notify("WATCHDOG=1")


def _is_healthy(settings: Settings) -> bool:
    """Whether the site responds to its liveness probe."""
    host = LOOPBACK.get(settings.host, settings.host)
    if settings.tls_certificate is None:
        connection = HTTPConnection(host, settings.port, timeout=RESPONSE_SECONDS)
    else:
        # The certificate is for the name of the site, and nothing secret is sent.
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = HTTPSConnection(host, settings.port, timeout=RESPONSE_SECONDS, context=context)
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
