"""Request coalescing: concurrent identical reads share one query.

Under load most requests need the same few rows: the newest posts, the account of a busy API client.
A request only shares a query that starts after it asked for it, so it never gets staler data than
from a query of its own. Requests that arrive while a query runs wait for the next one together,
like transactions in a database's group commit.
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.statements import QueryStats, query_stats

# How many iterations of the event loop a query waits for more requests. On an idle server they take
# microseconds; under load they let the requests that have arrived get this far.
COLLECTION_TURNS = 8

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Sessions = Callable[[], AsyncSession]
Key = tuple[Sessions, Callable[..., Awaitable[Any]], tuple[Any, ...]]


@dataclass
class _PendingRead:
    """A query that has not started, in the context of the first request."""

    context: contextvars.Context
    results: list[asyncio.Future[tuple[Any, QueryStats]]] = field(default_factory=list)

    def waiting(self) -> list[asyncio.Future[tuple[Any, QueryStats]]]:
        """The futures that are still awaited; a request may have been cancelled."""
        return [future for future in self.results if not future.done()]


class RequestCoalescer:
    """The queries of one application: per key, at most one running and one pending."""

    def __init__(self) -> None:
        self._next: dict[Key, _PendingRead] = {}
        self._running: dict[Key, asyncio.Task[None]] = {}

    async def read(
        self,
        open_session: Sessions,
        query: Callable[[AsyncSession, *Arguments], Awaitable[Result]],
        *arguments: *Arguments,
    ) -> Result:
        """The result of `query`, which is shared and must not be modified.

        Args:
            open_session: opens the session for the query.
            query: called with the session and the arguments.
            arguments: hashable. Reads are identical if all three are.

        Raises:
            Exception: whatever `query` raises.
        """
        key = open_session, query, arguments
        if (reading := self._next.get(key)) is None:
            reading = self._next[key] = _PendingRead(contextvars.copy_context())
            if key not in self._running:
                self._begin(key)
        future = asyncio.get_running_loop().create_future()
        reading.results.append(future)
        result, statements = await future
        if (own := query_stats.get()) is not None:
            own.add(statements)
        return result  # type: ignore[no-any-return]

    def _begin(self, key: Key) -> None:
        task = asyncio.create_task(self._read(key), context=self._next[key].context)
        self._running[key] = task

    async def _read(self, key: Key) -> None:
        for _ in range(COLLECTION_TURNS):
            await asyncio.sleep(0)
        reading = self._next.pop(key)
        statements = QueryStats()
        query_stats.set(statements)
        open_session, query, arguments = key
        try:
            async with open_session() as session:
                result = await query(session, *arguments)
        except Exception as error:
            for future in reading.waiting():
                future.set_exception(error)
        else:
            for future in reading.waiting():
                future.set_result((result, statements))
        finally:
            for future in reading.waiting():
                future.cancel()
            del self._running[key]
            if key in self._next:
                self._begin(key)
