"""Record events and call their handlers, in the transaction that causes them.

A handler only writes to the database: a notification, a job, a mail in the outbox. If the
transaction is rolled back, so is all of that.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import insert
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.events.event import DomainEvent
from blog.models import LoggedEvent

Work = TypeVar("Work", bound=Callable[..., Awaitable[Any]])
# The key of an application's handlers in the `AsyncSession.info` of its sessions.
HANDLERS = "event handlers"


class Handler(NamedTuple):
    """A handler: a function and the class of events that it handles.

    Attributes:
        event: the class.
        handle: called with the session of the transaction and all events of this class that one
            statement has caused.
    """

    event: type[DomainEvent]
    handle: Callable[[AsyncSession, Sequence[Any]], Awaitable[None]]


class Handlers:
    """The handlers of an application.

    Args:
        handlers: called in this order.
    """

    def __init__(self, handlers: Iterable[Handler] = ()) -> None:
        self._by_event: dict[type[DomainEvent], list[Handler]] = defaultdict(list)
        for handler in handlers:
            self._by_event[handler.event].append(handler)

    def has_handler_for(self, *events: type[DomainEvent]) -> bool:
        """Whether any of these event classes has a handler."""
        return any(event in self._by_event for event in events)

    async def dispatch(self, session: AsyncSession, events: Sequence[DomainEvent]) -> None:
        """Call the handlers for events of one class."""
        for handler in self._by_event.get(type(events[0]), ()) if events else ():
            await handler.handle(session, events)


async def record(session: AsyncSession, *events: DomainEvent) -> None:
    """Record events of one class and call their handlers; the caller commits."""
    if not events:
        return
    rows = [{"kind": event.kind(), "payload": event.payload()} for event in events]
    await session.execute(insert(LoggedEvent), rows)
    await dispatch(session, events)


async def dispatch(session: AsyncSession, events: Sequence[DomainEvent]) -> None:
    """Call the handlers for events that a statement has recorded (`DomainEvent.insert`)."""
    await session.info[HANDLERS].dispatch(session, events)


def records_events(*events: type[DomainEvent]) -> Callable[[Work], Work]:
    """Declare which events a batch writer (`blog.core.web.batches`) records with its statement.

    If they have no handlers, that statement is the whole transaction.
    """

    def mark(work: Work) -> Work:
        work.causes = events  # type: ignore[attr-defined]
        return work

    return mark


def events_of(work: Callable[..., Any]) -> tuple[type[DomainEvent], ...]:
    """The events that a batch writer declares."""
    return getattr(work, "causes", ())
