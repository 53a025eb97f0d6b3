"""Doing by one statement what several requests want done at the same moment.

Counts make some rows hot: whoever writes a post changes its author's count and that of the newest
block of posts, and keeps both locked until the transaction is on disk. Sixty-four transactions
that queue for such a row spend their time on waking one another. Here the first request's post is
written, and those of all who come meanwhile are written together afterwards, as in a database's
"group commit": the row is locked once for all of them, the disk is waited for once, and the
statement is prepared once. What each request looks up for itself, such as who is asking, is found
in the same way.
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
from blog.core.db.statements import Tally, tally
from blog.core.db.warm_sessions import WarmSessions
from blog.core.events.handlers import Handlers, events_of

# How many turns of the event loop a batch waits for more items, as a shared reading does.
PATIENCE = 8
# An item may be a post of 64 KiB and its HTML.
MOST_ITEMS = 50
# A batch that waits for somebody's lock holds up the next one for so long,
WAIT_SECONDS = 0.1
# unless there are as many batches already: each has a connection.
MOST_BATCHES = 3
TRIES = 5

Item = TypeVar("Item")
Result = TypeVar("Result")
Work = Callable[[AsyncSession, Sequence[Item]], Awaitable[Sequence[Result]]]


class _Waiting(NamedTuple):
    """What is to be done, and who waits for the result."""

    item: Any
    result: asyncio.Future[tuple[Any, Tally]]


@dataclass
class _Queue:
    """What waits for one kind of work, and how many batches of it are under way."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    batches: int = 0


class Batches:
    """What the requests of one application do together.

    Args:
        sessions: where the batches' sessions come from. They have no transaction: each statement
            is one, and so locks nothing while this process is at something else.
        handlers: of the events that the work causes.
        transactions: sessions for work whose events are heard: what the handlers write is part
            of it.
    """

    def __init__(
        self,
        sessions: Callable[[], WarmSessions],
        handlers: Handlers | None = None,
        transactions: Callable[[], AsyncSession] | None = None,
    ) -> None:
        self._sessions = sessions
        self._handlers = handlers
        self._transactions = transactions
        self._queues: dict[Work[Any, Any], _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, work: Work[Item, Result], item: Item) -> Result:
        """Have something done, together with more of the same kind.

        It is begun after it was asked for: nobody reads what is older than that. Where somebody
        stops waiting before the batch begins, nothing is done for them.

        Args:
            work: called with a session and some items, in the order in which they came. It
                writes by one statement only, and returns a result for each item. Where the
                statement fails because of one item, it is called again for each.
            item: one of them.

        Raises:
            Exception: as `work` does.
        """
        queue = self._queues.setdefault(work, _Queue())
        waiting = _Waiting(item, asyncio.get_running_loop().create_future())
        queue.waiting.append(waiting)
        if queue.batches == 0:
            self._begin(work, queue)
        result, statements = await waiting.result
        if (own := tally.get()) is not None:
            own.add(statements)
        return result  # type: ignore[no-any-return]

    def _begin(self, work: Work[Any, Any], queue: _Queue) -> None:
        queue.batches += 1
        task = asyncio.create_task(self._run(work, queue), context=contextvars.copy_context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, work: Work[Any, Any], queue: _Queue) -> None:
        """Do batches until nothing waits; let others begin beside one that takes long."""
        for _ in range(PATIENCE):
            await asyncio.sleep(0)
        try:
            while batch := _next_batch(queue.waiting):
                under_way = asyncio.create_task(self._do(work, batch))
                while not (await asyncio.wait({under_way}, timeout=WAIT_SECONDS))[0]:
                    if queue.waiting and queue.batches < MOST_BATCHES:
                        self._begin(work, queue)
        finally:
            queue.batches -= 1

    async def _do(self, work: Work[Any, Any], batch: list[_Waiting]) -> None:
        statements = Tally()
        tally.set(statements)
        try:
            results = await self._try(work, [each.item for each in batch])
        except DBAPIError as error:
            if len(batch) == 1 or is_unavailable(error):
                _fail(batch, error)
                return
            # The server has done nothing of it. One of them may refer to a person who is gone.
            for place, each in enumerate(batch):
                await self._do(work, [each])
                failure = None if each.result.cancelled() else each.result.exception()
                if failure is not None and is_timeout(failure):
                    # The others may wait for the same lock, and have waited long enough.
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
        """Do it, and again after a deadlock, at which the server has done nothing of it."""
        for tries_left in reversed(range(TRIES)):
            try:
                return await self._do_once(work, items)
            except DBAPIError as error:
                if not tries_left or not is_deadlock(error):
                    raise
        raise AssertionError  # The last try has returned or raised.

    async def _do_once(self, work: Work[Any, Any], items: list[Any]) -> Sequence[Any]:
        if self._transactions and self._handlers and self._handlers.hear(*events_of(work)):
            async with self._transactions() as session:
                results = await work(session, items)
                await session.commit()
                return results
        async with self._sessions().session() as session:
            return await work(session, items)


def _next_batch(waiting: deque[_Waiting]) -> list[_Waiting]:
    """Those who have waited longest; a request may have been given up meanwhile."""
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
