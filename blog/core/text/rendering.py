"""Laying out what people write, in processes that are killed when a text takes too long.

A request renders before it opens its transaction: nothing is locked meanwhile.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from weakref import WeakValueDictionary

from blog.core.errors import BusyError, InvalidFieldsError
from blog.core.text.markdown import TooIntricateError, render_document, render_inline
from blog.core.text.process_pool import OutOfTimeError, OverloadedError, ProcessPool

# An ordinary text of 64 KiB takes 0.1 s on the machine of 2026, and the budget of steps refuses
# what would take some times as long. So this is only reached by what the budget does not foresee.
CPU_SECONDS = 5.0
WALL_SECONDS = 60.0
# Texts that wait for a process, of which there are two for each web process.
LONGEST_QUEUE = 200
PROCESSES = 2
# Who has used up the processor time of a text waits for so long before the next one.
PAUSE_SECONDS = 60
MOST_PAUSES = 1_000
RETRY_SECONDS = 5
# The event loop lays out texts of this length itself: the worst of them takes it 4 ms, an ordinary
# one less than to hand it to a process and to wait for that.
LONGEST_FOR_THE_LOOP = 256
# What may be coloured is not among them: how long a lexer takes for some text, nobody knows.
CODE_FENCES = ("```", "~~~")

TOO_INTRICATE = (
    "This text is too intricate to be laid out: it has too many lines, links, brackets or "
    "other signs of Markdown. Please shorten it, or make two texts of it."
)
SHOWS_NOTHING = "There is nothing to be seen of this text. Please write something."
TOO_BUSY = "There is too much to be laid out at the moment. Please try again in some seconds."
PAUSED = "Your last text took too long to lay out. Please try again in a minute."


class Renderer:
    """Makes HTML of the Markdown of posts and comments.

    Attributes:
        pool: the processes that do it.
    """

    def __init__(self) -> None:
        self.pool = ProcessPool(
            ["blog.core.text.markdown"],
            size=PROCESSES,
            cpu_seconds=CPU_SECONDS,
            wall_seconds=WALL_SECONDS,
            longest_queue=LONGEST_QUEUE,
        )
        self._turns: WeakValueDictionary[int, asyncio.Lock] = WeakValueDictionary()
        self._pauses: OrderedDict[int, float] = OrderedDict()

    async def post(self, source: str, writer_id: int) -> str:
        """The HTML that a post has with this text.

        Args:
            source: Markdown.
            writer_id: who asks; their texts wait for one another, and not those of others.

        Raises:
            InvalidFieldsError: the text is too intricate, or shows nothing.
            BusyError: there is too much to do, or this writer had a text that took too long.
        """
        return await self._rendered(render_document, source, writer_id)

    async def comment(self, source: str, writer_id: int) -> str:
        """The HTML that a comment has with this text; otherwise the same as `post`."""
        return await self._rendered(render_inline, source, writer_id)

    async def again(self, render: Callable[[str], str], source: str) -> str | None:
        """The HTML of a text that is stored already; `None` if it is too intricate today.

        Args:
            render: `render_document` or `render_inline`.
            source: Markdown.
        """
        try:
            return await self.pool.run(render, source, raises=[TooIntricateError])
        except (TooIntricateError, OutOfTimeError):
            return None

    async def _rendered(self, render: Callable[[str], str], source: str, writer_id: int) -> str:
        # One writer has one process at a time, and leaves the others to everybody else.
        turn = self._turns.setdefault(writer_id, asyncio.Lock())
        async with turn:
            if self._pauses.get(writer_id, 0.0) > time.monotonic():
                raise BusyError({"body": PAUSED}, PAUSE_SECONDS, 429)
            html = await self._attempt(render, source, writer_id)
        if not html:
            raise InvalidFieldsError({"body": SHOWS_NOTHING})
        return html

    async def _attempt(self, render: Callable[[str], str], source: str, writer_id: int) -> str:
        try:
            if _is_quick(source):
                return render(source)
            return await self.pool.run(render, source, raises=[TooIntricateError])
        except TooIntricateError:
            raise InvalidFieldsError({"body": TOO_INTRICATE}) from None
        except OutOfTimeError:
            self._pause(writer_id)
            raise InvalidFieldsError({"body": TOO_INTRICATE}) from None
        except OverloadedError:
            raise BusyError({"body": TOO_BUSY}, RETRY_SECONDS) from None

    def _pause(self, writer_id: int) -> None:
        self._pauses[writer_id] = time.monotonic() + PAUSE_SECONDS
        self._pauses.move_to_end(writer_id)
        if len(self._pauses) > MOST_PAUSES:
            self._pauses.popitem(last=False)


def _is_quick(source: str) -> bool:
    is_short = len(source) <= LONGEST_FOR_THE_LOOP
    return is_short and not any(fence in source for fence in CODE_FENCES)
