"""Writing what several requests write at the same moment by one statement ("group commit").

Counts make some rows hot: whoever writes a post changes its author's count and that of the newest
block of posts, and keeps both locked until the transaction is on disk. Sixty-four transactions
that queue for such a row spend their time on waking one another. Here the first of them writes,
and all who come meanwhile are written together afterwards: the row is locked once for all of them,
the disk is waited for once, and the statement is prepared once.
"""

import asyncio
import contextvars
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from blog.kit.database import is_deadlock, is_unavailable
from blog.kit.statements import Tally, tally
from blog.kit.warm_sessions import WarmSessions

# How many turns of the event loop a group waits for more rows, as a shared reading does.
PATIENCE = 8
# A row may be a post of 64 KiB and its HTML.
MOST_ROWS = 50
# A group that waits for somebody's lock holds up the next one for so long,
WAIT_SECONDS = 0.1
# unless there are as many groups already: each has a connection.
MOST_GROUPS = 3
# A deletion of an account may come between, and locks rows of every kind.
TRIES = 5

Row = TypeVar("Row")
Result = TypeVar("Result")
Write = Callable[[AsyncSession, Sequence[Row]], Awaitable[Sequence[Result]]]


class _Waiting(NamedTuple):
    """A row that is to be written, and who waits for what comes of it."""

    row: Any
    result: asyncio.Future[tuple[Any, Tally]]


@dataclass
class _Queue:
    """What waits to be written in one way, and how many groups are under way."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    groups: int = 0


class GroupCommit:
    """The writes of one application that are made in groups.

    Args:
        sessions: where the groups' sessions come from. They have no transaction: what is written
            together is written by one statement, and so locks nothing while this process is at
            something else.
    """

    def __init__(self, sessions: Callable[[], WarmSessions]) -> None:
        self._sessions = sessions
        self._queues: dict[Write[Any, Any], _Queue] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def write(self, write: Write[Row, Result], row: Row) -> Result:
        """Write a row, together with others that are to be written in the same way.

        Whoever stops waiting before its group begins has written nothing.

        Args:
            write: called with a session and some rows, in the order in which they came. It
                writes all of them by one statement, and returns what comes of each. Where the
                statement fails because of one row, it is called again for each.
            row: what is to be written.

        Raises:
            Exception: as `write` does.
        """
        queue = self._queues.setdefault(write, _Queue())
        waiting = _Waiting(row, asyncio.get_running_loop().create_future())
        queue.waiting.append(waiting)
        if queue.groups == 0:
            self._begin(write, queue)
        result, statements = await waiting.result
        if (own := tally.get()) is not None:
            own.add(statements)
        return result  # type: ignore[no-any-return]

    def _begin(self, write: Write[Any, Any], queue: _Queue) -> None:
        queue.groups += 1
        task = asyncio.create_task(self._run(write, queue), context=contextvars.copy_context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, write: Write[Any, Any], queue: _Queue) -> None:
        """Write groups until nothing waits; let others begin beside one that takes long."""
        for _ in range(PATIENCE):
            await asyncio.sleep(0)
        try:
            while group := _next_group(queue.waiting):
                under_way = asyncio.create_task(self._write(write, group))
                while not (await asyncio.wait({under_way}, timeout=WAIT_SECONDS))[0]:
                    if queue.waiting and queue.groups < MOST_GROUPS:
                        self._begin(write, queue)
        finally:
            queue.groups -= 1

    async def _write(self, write: Write[Any, Any], group: list[_Waiting]) -> None:
        statements = Tally()
        tally.set(statements)
        rows = [each.row for each in group]
        try:
            for tries_left in reversed(range(TRIES)):
                try:
                    async with self._sessions().session() as session:
                        results = await write(session, rows)
                    break
                except DBAPIError as error:
                    if not tries_left or not is_deadlock(error):
                        raise
        except DBAPIError as error:
            if len(group) == 1 or is_unavailable(error):
                _fail(group, error)
                return
            # The server has written nothing of it. One of them may refer to a person who is gone.
            for each in group:
                await self._write(write, [each])
        except BaseException as error:
            _fail(group, error)
            if not isinstance(error, Exception):
                raise
        else:
            for each, result in zip(group, results, strict=True):
                if not each.result.done():
                    each.result.set_result((result, statements))


def _next_group(waiting: deque[_Waiting]) -> list[_Waiting]:
    """Those who have waited longest; a request may have been given up meanwhile."""
    group: list[_Waiting] = []
    while waiting and len(group) < MOST_ROWS:
        if not (first := waiting.popleft()).result.done():
            group.append(first)
    return group


def _fail(group: list[_Waiting], error: BaseException) -> None:
    for each in group:
        if each.result.done():
            continue
        if isinstance(error, Exception):
            each.result.set_exception(error)
        else:
            each.result.cancel()
