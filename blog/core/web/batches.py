"""Batch the work of concurrent requests into one statement.

Counts make some rows hot: every new post updates its author's count and that of the day's
posts, and locks both rows until the commit is on disk. With 64 such transactions queued, most of
the time went into waking up the next one. So the first request's post is written alone, and those
that arrive meanwhile are written together afterwards, like a database's group commit: one lock, one
fsync and one prepared statement for all of them. Lookups that every request does for itself, such
as the session, are batched in the same way.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.database_errors import is_deadlock, is_timeout, is_unavailable
from blog.core.db.statements import QueryStats, query_stats
from blog.core.events.handlers import Handlers, events_of

# How many turns of the event loop a batch waits for more items, as in request coalescing.
COLLECTION_TURNS = 8
# An item may be a post of 64 KiB and its HTML.
MOST_ITEMS = 50
# How long a batch that waits for a lock delays the next one,
WAIT_SECONDS = 0.1
# unless this many batches are running: each has a connection.
MOST_BATCHES = 3
TRIES = 5

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[AsyncSession, Sequence[Item]], Awaitable[Sequence[Result]]]


class _Waiting(NamedTuple):
    """An item, the future of its result, and the context of its request."""

    item: Any
    result: asyncio.Future[tuple[Any, QueryStats]]
    context: contextvars.Context


@dataclass
class _Queue:
    """The items that wait for one kind of work, and the number of its running batches."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    batches: int = 0


class Batches:
    """Collects items of concurrent requests and processes them in batches.

    Args:
        open_session: opens a session in autocommit mode, so that no lock is held between
            statements.
        handlers: the handlers of the domain events that the work records.
        open_transaction: opens a session with a transaction, for work whose events have handlers:
            what they write belongs to the same transaction.
    """

    def __init__(
        self,
        open_session: Callable[[], AsyncSession],
        handlers: Handlers | None = None,
        open_transaction: Callable[[], AsyncSession] | None = None,
    ) -> None:
        self._open_session = open_session
        self._handlers = handlers
        self._open_transaction = open_transaction
        self._queues: dict[Work[Any, Any], _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, work: Work[Item, Result], item: Item) -> Result:
        """Process an item in a batch with others of the same kind.

        The batch starts after this call, so its result is never stale. An item whose request is
        cancelled before the batch starts is skipped.

        Args:
            work: called with a session and the items, in order of arrival. It uses a single
                statement, and returns one result per item. If the statement fails because of one
                item, it is called again for each item alone.
            item: the item to process.

        Raises:
            Exception: whatever `work` raises.
        """
        queue = self._queues.setdefault(work, _Queue())
        future = asyncio.get_running_loop().create_future()
        waiting = _Waiting(item, future, contextvars.copy_context())
        queue.waiting.append(waiting)
        if queue.batches == 0:
            self._begin(work, queue)
        result, statements = await waiting.result
        if (own := query_stats.get()) is not None:
            own.add(statements)
        return result  # type: ignore[no-any-return]

    def _begin(self, work: Work[Any, Any], queue: _Queue) -> None:
        queue.batches += 1
        task = asyncio.create_task(self._run(work, queue))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, work: Work[Any, Any], queue: _Queue) -> None:
        """Process batches until the queue is empty; start more beside one that takes long."""
        for _ in range(COLLECTION_TURNS):
            await asyncio.sleep(0)
        try:
            while batch := _next_batch(queue.waiting):
                # As part of the first request: it is named by lines of the log, and has the spans.
                under_way = asyncio.create_task(self._do(work, batch), context=batch[0].context)
                while not (await asyncio.wait({under_way}, timeout=WAIT_SECONDS))[0]:
                    if queue.waiting and queue.batches < MOST_BATCHES:
                        self._begin(work, queue)
        finally:
            queue.batches -= 1

    async def _do(self, work: Work[Any, Any], batch: list[_Waiting]) -> None:
        statements = QueryStats()
        query_stats.set(statements)
        try:
            results = await self._try(work, [each.item for each in batch])
        except DBAPIError as error:
            if len(batch) == 1 or is_unavailable(error):
                _fail(batch, error)
                return
            # The statement was rolled back. One item may refer to a user who was deleted meanwhile.
            for place, each in enumerate(batch):
                await self._do(work, [each])
                failure = None if each.result.cancelled() else each.result.exception()
                if failure is not None and is_timeout(failure):
                    # The others probably wait for the same lock, and have waited long enough.
                    _fail(batch[place + 1 :], failure)
                    return
        except BaseException as error:
            _fail(batch, error)
            if not isinstance(error, Exception):
                raise
        else:
            for each, result in zip(batch, results, strict=True):
                if not each.result.done():
                    each.result.set_result((result, statements))

    async def _try(self, work: Work[Any, Any], items: list[Any]) -> Sequence[Any]:
        """Process the items, retrying after a deadlock, which rolls the statement back."""
        for tries_left in reversed(range(TRIES)):
            try:
                return await self._do_once(work, items)
            except DBAPIError as error:
                if not tries_left or not is_deadlock(error):
                    raise
        raise AssertionError  # The last try has returned or raised.

    async def _do_once(self, work: Work[Any, Any], items: list[Any]) -> Sequence[Any]:
        if (
            self._open_transaction
            and self._handlers
            and self._handlers.has_handler_for(*events_of(work))
        ):
            async with self._open_transaction() as session:
                results = await work(session, items)
                await session.commit()
                return results
        async with self._open_session() as session:
            return await work(session, items)


def _next_batch(waiting: deque[_Waiting]) -> list[_Waiting]:
    """The oldest items, without those of cancelled requests."""
    batch: list[_Waiting] = []
    while waiting and len(batch) < MOST_ITEMS:
        if not (first := waiting.popleft()).result.done():
            batch.append(first)
    return batch


def _fail(batch: list[_Waiting], error: BaseException) -> None:
    for each in batch:
        if each.result.done():
            continue
        if isinstance(error, Exception):
            each.result.set_exception(error)
        else:
            each.result.cancel()
