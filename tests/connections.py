"""Finds requests that hold a connection to the database while they wait for something else.

It watches every request that the tests send to the application: in the tables of all routes
(`tests/test_route_access.py`, `tests/api/test_access.py`) as in all other tests.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import pytest
from quart import Request, Response
from sqlalchemy import event

from blog.core.crypto.passwords import MeteredSemaphore, Passwords
from blog.core.db.request_coalescing import RequestCoalescer
from blog.core.storage.folder import FolderStorage
from blog.core.text.process_pool import ProcessPool
from blog.core.web.app import Broadside
from blog.core.web.batches import Batches
from blog.core.web.bodies import StreamedBody
from blog.core.web.rate_limits import RateLimits
from blog.core.web.requests import StrictRequest

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


@dataclass
class Hands:
    """The connections that a request holds, whether they are its own or shared for a moment."""

    request: str
    faults: list[str]
    held: set[object] = field(default_factory=set)
    task: object = field(default_factory=asyncio.current_task)

    def take(self, connection: object) -> None:
        """Note that the request gets a connection."""
        self.must_be_empty("another connection")
        self.held.add(connection)

    def must_be_empty(self, wanted: str) -> None:
        """Note a fault if the request holds a connection while it waits for what is `wanted`."""
        if self.held:
            self.faults.append(f"{self.request} waits for {wanted} with a connection in hand")


_hands: ContextVar[Hands | None] = ContextVar("hands", default=None)


def _current() -> Hands | None:
    """The connections of the current request; `None` in a task that serves several requests."""
    hands = _hands.get()
    return hands if hands is not None and hands.task is asyncio.current_task() else None


# Operations that may wait long, and need no connection.
WAITS: list[tuple[Any, str, str]] = [
    (StrictRequest, "get_data", "its body"),
    (StreamedBody, "__anext__", "its body"),
    (RateLimits, "spend", "its quota"),
    (MeteredSemaphore, "acquire", "a turn to hash a password"),
    (Passwords, "hash", "a password hash"),
    (Passwords, "verify", "a password hash"),
    (ProcessPool, "run", "the renderer"),
    (asyncio, "to_thread", "a thread"),
    (FolderStorage, "_run", "a file"),
    (Batches, "run", "another connection"),
    (RequestCoalescer, "read", "another connection"),
]


@contextmanager
def watched(app: Broadside) -> Iterator[list[str]]:
    """Monitor the requests to an application that is started within this context.

    Yields:
        A growing list of descriptions of faults.
    """
    faults: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        for place, name, wanted in WAITS:
            patch.setattr(place, name, _empty_handed(getattr(place, name), wanted))
        patch.setattr(app, "handle_request", _with_hands(app.handle_request, faults))
        yield faults


def watch_pools(app: Broadside) -> None:
    """Count the connections that an application takes from its open pools."""
    for engine in (app.database.engine, app.database.reading_engine):
        event.listen(engine.sync_engine, "checkout", _taken)
        event.listen(engine.sync_engine, "checkin", _given_back)


def _taken(_connection: object, record: Any, _proxy: object) -> None:
    if (hands := _current()) is not None:
        hands.take(record)
        record.info["hands"] = hands


def _given_back(_connection: object, record: Any) -> None:
    if (hands := record.info.pop("hands", None)) is not None:
        hands.held.discard(record)


def _empty_handed(
    wait: Callable[Arguments, Awaitable[Result]], wanted: str
) -> Callable[Arguments, Awaitable[Result]]:
    @wraps(wait)
    async def checked(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Result:
        if (hands := _current()) is not None:
            hands.must_be_empty(wanted)
        return await wait(*args, **kwargs)

    return checked


def _with_hands(
    handle: Callable[[Request], Awaitable[Response]], faults: list[str]
) -> Callable[[Request], Awaitable[Response]]:
    async def handle_with_hands(request: Request) -> Response:
        hands = Hands(f"{request.method} {request.path}", faults)
        token = _hands.set(hands)
        try:
            return await handle(request)
        finally:
            _hands.reset(token)
            hands.must_be_empty("its client")

    return handle_with_hands
