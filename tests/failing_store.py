"""A store that fails: it stands in front of a real one, on a port of 127.0.0.1."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from time import sleep

import httpx

# What a client and a server tell each other about this one connection.
OF_A_CONNECTION = {"connection", "content-length", "date", "server", "transfer-encoding"}


class Fault(Enum):
    """What is wrong with the answers."""

    NONE = auto()
    STATUS_500 = auto()
    SLOW = auto()
    FORMER = auto()


class FailingStore(ThreadingHTTPServer):
    """Passes requests on to a store, or answers in another way.

    Attributes:
        fault: what is wrong at the moment. `FORMER` keeps from the store what replaces an object.
        pause: how long it takes to answer if it is slow, in seconds.
    """

    daemon_threads = True

    def __init__(self, store: str) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.fault = Fault.NONE
        self.pause = 0.5
        self.client = httpx.Client(base_url=store, timeout=60)
        self.written: set[str] = set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: FailingStore
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        """Answer a request of any method."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        fault, writes = self.server.fault, self.command == "PUT"
        if fault is Fault.SLOW:
            sleep(self.server.pause)
        if fault is Fault.STATUS_500:
            self.reply(500, {}, b"")
        elif fault is Fault.FORMER and writes and self.path in self.server.written:
            self.reply(200, {"ETag": '"former"'}, b"")
        else:
            headers = {name: value for name, value in self.headers.items() if name != "Host"}
            found = self.server.client.request(
                self.command, self.path, content=body, headers=headers
            )
            kept = {
                name: value
                for name, value in found.headers.items()
                if name.lower() not in OF_A_CONNECTION
            }
            length = {"Content-Length": found.headers.get("content-length", "0")}
            self.reply(found.status_code, kept | length, found.content)
        if writes:
            self.server.written.add(self.path)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = answer  # noqa: N815

    def reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        """Send a response."""
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Print nothing."""


@contextmanager
def failing_store(store: str) -> Iterator[FailingStore]:
    """While such a store is in front of another one.

    Args:
        store: the address of the other.
    """
    with FailingStore(store) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
            server.client.close()
