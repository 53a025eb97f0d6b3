"""Pieces of pages that are rendered once, and kept for as long as they are asked for.

    {{ kept(post_card, post, signed=false) }}

is what `{{ post_card(post, signed=false) }}` is. A macro that was imported without context sees
its arguments and what is the same for all requests; so its text is kept by the macro and its
arguments, and can never be an old one: of another post, or of the same post after it was edited,
the arguments differ. They have to be values: strings, numbers, times, and tuples of those.

A page that looks the same to everybody who is not logged in is kept likewise, as a whole; and so
is what the API shows of posts.
"""

import sys
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from typing import Any

from quart import render_template, request, session

MOST_BYTES = 32 * 1024 * 1024
# What takes more of the room than that is not kept: some of it would drive out all else.
LARGEST_PART = 1 / 100


class Fragments:
    """What was rendered, each by what it was rendered from; what was not used longest goes first.

    Args:
        most_bytes: how much memory it may take, texts and arguments together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept: OrderedDict[Any, tuple[str, int]] = OrderedDict()
        self._most_bytes = most_bytes
        self.bytes = 0

    def kept(self, macro: Callable[..., str], *arguments: Any, **options: Any) -> str:
        """What a macro, or another function, makes of the arguments and nothing else."""
        key = macro, arguments, tuple(options.items())
        if (text := self._find(key)) is None:
            text = macro(*arguments, **options)
            self._keep(key, text)
        return text

    async def page_for_strangers(self, template: str, **values: Any) -> str:
        """A page as everybody sees it who is not logged in.

        Args:
            template: what it is made from. Of the request it may use the path; what is flashed
                is another page.
            values: what it shows, as above.
        """
        if "_flashes" in session:
            return await render_template(template, **values)
        key = template, request.path, tuple(values.items())
        if (text := self._find(key)) is None:
            text = await render_template(template, **values)
            self._keep(key, text)
        return text

    def _find(self, key: Any) -> str | None:
        if (found := self._kept.get(key)) is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def _keep(self, key: Any, text: str) -> None:
        size = _size(key) + _size(text)
        if size > self._most_bytes * LARGEST_PART:
            return
        # Somebody else may have rendered the same meanwhile.
        self.bytes += size - self._kept.pop(key, (text, 0))[1]
        self._kept[key] = text, size
        while self.bytes > self._most_bytes:
            self.bytes -= self._kept.popitem(last=False)[1][1]


def _size(value: Any) -> int:
    """How many bytes of memory a value takes, and what is in it."""
    parts: Iterable[Any] = ()
    if isinstance(value, tuple):
        parts = value
    elif is_dataclass(value):
        parts = vars(value).values()
    return sys.getsizeof(value) + sum(map(_size, parts))
