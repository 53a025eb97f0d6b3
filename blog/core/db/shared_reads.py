"""Reading once what several requests want at the same moment.

Under load most requests want the same few things: the newest posts, the account of a busy
program. Each of them gets what a statement has found that began after it had asked, so that
nobody reads anything older than he would alone. Who comes while a statement is under way waits
for the next one, together with all who come meanwhile, as transactions wait for one another in a
database's "group commit".
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, TypeVarTuple

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.db.statements import Tally, tally
from blog.core.db.warm_sessions import WarmSessions

# How many turns of the event loop a reading waits for more requests to ask for it. On an idle
# server they take microseconds, and under load the time in which the requests that have arrived
# get so far.
PATIENCE = 8

Result = TypeVar("Result")
Arguments = TypeVarTuple("Arguments")
Key = tuple[WarmSessions, Callable[..., Awaitable[Any]], tuple[Any, ...]]


@dataclass
class _Reading:
    """One that is about to begin, in the context of who has asked for it first."""

    context: contextvars.Context
    results: list[asyncio.Future[tuple[Any, Tally]]] = field(default_factory=list)

    def waiting(self) -> list[asyncio.Future[tuple[Any, Tally]]]:
        """What is still waited for: a request may have been given up."""
        return [future for future in self.results if not future.done()]


class SharedReads:
    """The readings of one application: of each, one under way and one about to begin."""

    def __init__(self) -> None:
        self._next: dict[Key, _Reading] = {}
        self._under_way: dict[Key, asyncio.Task[None]] = {}

    async def read(
        self,
        sessions: WarmSessions,
        query: Callable[[AsyncSession, *Arguments], Awaitable[Result]],
        *arguments: *Arguments,
    ) -> Result:
        """What `query` finds; everybody who shares it must leave it as it is.

        Args:
            sessions: where the session comes from that it reads with.
            query: called with that session and the arguments.
            arguments: they tell one reading from another by their hashes.

        Raises:
            Exception: as `query` does.
        """
        key = sessions, query, arguments
        if (reading := self._next.get(key)) is None:
            reading = self._next[key] = _Reading(contextvars.copy_context())
            if key not in self._under_way:
                self._begin(key)
        future = asyncio.get_running_loop().create_future()
        reading.results.append(future)
        result, statements = await future
        if (own := tally.get()) is not None:
            own.add(statements)
        return result  # type: ignore[no-any-return]

    def _begin(self, key: Key) -> None:
        task = asyncio.create_task(self._read(key), context=self._next[key].context)
        self._under_way[key] = task

    async def _read(self, key: Key) -> None:
        for _ in range(PATIENCE):
            await asyncio.sleep(0)
        reading = self._next.pop(key)
        statements = Tally()
        tally.set(statements)
        sessions, query, arguments = key
        try:
            async with sessions.session() as session:
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
            del self._under_way[key]
            if key in self._next:
                self._begin(key)
