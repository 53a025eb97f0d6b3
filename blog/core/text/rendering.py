"""Render user input, in processes that are killed when a text takes too long.

Requests render before they open a transaction, so no locks are held meanwhile.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from weakref import WeakValueDictionary

from blog.core.errors import BusyError, InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.text.images import Images, names_in
from blog.core.text.markdown import render_document, render_inline
from blog.core.text.process_pool import OutOfTimeError, OverloadedError, ProcessPool
from blog.core.text.syntax import mentions
from blog.core.text.syntax.budget import TooComplexError
from blog.core.text.syntax.mentions import People

# An ordinary text of 64 KiB takes 0.1 s on hardware of 2026, and the step budget refuses texts
# that would take several times as long. So this limit is for cases that the budget misses.
CPU_SECONDS = 5.0
WALL_SECONDS = 60.0
# The maximum number of texts that wait for the processes of a web process.
LONGEST_QUEUE = 200
PROCESSES = 2
# How long an author has to wait after a text that exceeded its CPU time.
PAUSE_SECONDS = 60
MOST_PAUSES = 1_000
RETRY_SECONDS = 5
# Texts up to this length are rendered in the event loop. The worst takes 4 ms; an ordinary one
# takes less time than the round trip to a process.
LARGEST_INLINE = 256
# Exceptions: highlighted code, because the run time of a lexer is unpredictable, and formulas,
# because their library takes memory.
NEVER_INLINE = ("```", "~~~", "$")

TOO_COMPLEX = lazy_gettext(
    "This text is too complex. It has too many lines, links, brackets or other Markdown. "
    "Please shorten it or split it in two."
)
SHOWS_NOTHING = lazy_gettext("This text would look empty. Please write something.")
TOO_BUSY = lazy_gettext("The site is very busy. Please try again in a few seconds.")
PAUSED = lazy_gettext("Your last text took too long to process. Please try again in a minute.")


Render = Callable[..., str]
FindImages = Callable[[Sequence[str]], Awaitable[Images]]
FindPeople = Callable[[Sequence[str]], Awaitable[People]]


async def find_nothing(_names: Sequence[str]) -> dict[str, Any]:
    """Find nothing, for a renderer without images or people."""
    return {}


class Renderer:
    """Renders the Markdown of posts and comments.

    Args:
        find_images: looks up the facts about images, by their names.
        find_people: looks up the people with the given names, in lower case.

    Attributes:
        pool: the rendering processes.
    """

    def __init__(
        self, find_images: FindImages = find_nothing, find_people: FindPeople = find_nothing
    ) -> None:
        self._find_images, self._find_people = find_images, find_people
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
        """Render the text of a post.

        Args:
            source: Markdown.
            writer_id: the author, who renders one text at a time.

        Raises:
            InvalidFieldsError: the text is too complex, or nothing of it is visible.
            BusyError: the site is overloaded, or the author's last text took too long.
        """
        return await self._render(render_document, source, writer_id)

    async def comment(self, source: str, writer_id: int) -> str:
        """Render the text of a comment, like `post`."""
        return await self._render(render_inline, source, writer_id)

    async def rerender(self, render: Render, source: str) -> str | None:
        """Render a stored text again; `None` if it is too complex for the current renderer.

        Args:
            render: `render_document` or `render_inline`.
            source: Markdown.
        """
        facts = await self._look_up(render, source)
        try:
            return await self.pool.run(render, source, *facts, raises=[TooComplexError])
        except (TooComplexError, OutOfTimeError):
            return None

    async def _look_up(self, render: Render, source: str) -> tuple[Images | People, ...]:
        """Look up the people and images that a text may name: further arguments of its renderer.

        Each takes at most one statement, for a limited number of names.
        """
        names = mentions.names_in(source)
        people = await self._find_people(names) if names else {}
        if render is render_inline:
            return (people,)
        images = names_in(source)
        return await self._find_images(images) if images else {}, people

    async def _render(self, render: Render, source: str, writer_id: int) -> str:
        facts = await self._look_up(render, source)
        # One process per author, so that nobody can occupy all of them.
        turn = self._turns.setdefault(writer_id, asyncio.Lock())
        async with turn:
            if self._pauses.get(writer_id, 0.0) > time.monotonic():
                raise BusyError({"body": PAUSED}, PAUSE_SECONDS, 429)
            html = await self._attempt(render, source, writer_id, facts)
        if not html:
            raise InvalidFieldsError({"body": SHOWS_NOTHING})
        return html

    async def _attempt(
        self, render: Render, source: str, writer_id: int, facts: tuple[Images | People, ...]
    ) -> str:
        try:
            if _is_quick(source):
                return render(source, *facts)
            return await self.pool.run(render, source, *facts, raises=[TooComplexError])
        except TooComplexError:
            raise InvalidFieldsError({"body": TOO_COMPLEX}) from None
        except OutOfTimeError:
            self._pause(writer_id)
            raise InvalidFieldsError({"body": TOO_COMPLEX}) from None
        except OverloadedError:
            raise BusyError({"body": TOO_BUSY}, RETRY_SECONDS) from None

    def _pause(self, writer_id: int) -> None:
        self._pauses[writer_id] = time.monotonic() + PAUSE_SECONDS
        self._pauses.move_to_end(writer_id)
        if len(self._pauses) > MOST_PAUSES:
            self._pauses.popitem(last=False)


def _is_quick(source: str) -> bool:
    is_short = len(source) <= LARGEST_INLINE
    return is_short and not any(sign in source for sign in NEVER_INLINE)
