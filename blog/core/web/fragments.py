"""A cache of rendered fragments of pages.

    {{ cached(post_card, post, signed=false) }}

renders the same as `{{ post_card(post, signed=false) }}`. A macro that is imported without context
depends on its arguments, globals and the language only, so these are the cache key, and nothing
has to be invalidated: after an edit the arguments differ. Arguments have to be immutable values:
strings, numbers, times, and tuples of those.

Whole pages for anonymous visitors and the API's representations of posts are cached in the same
way.
"""

import sys
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Iterable
from dataclasses import is_dataclass
from typing import Any, TypeVar, TypeVarTuple

from blog.core.i18n import current_language

MOST_BYTES = 32 * 1024 * 1024
Part = TypeVar("Part")
Arguments = TypeVarTuple("Arguments")
# Larger entries are not cached: a few of them would evict everything else.
LARGEST_PART = 1 / 100


class FragmentCache:
    """A least-recently-used cache.

    Args:
        most_bytes: the maximum memory for texts and keys together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._cached: OrderedDict[Any, tuple[Any, int]] = OrderedDict()
        self._most_bytes = most_bytes
        self._globals = 0
        self.bytes = 0

    def forget(self) -> None:
        """Use nothing that was rendered before, because a global has changed."""
        self._globals += 1

    def cached(self, macro: Callable[..., Part], *arguments: Any, **options: Any) -> Part:
        """The result of a macro, or another pure function, for these arguments."""
        key = self._globals, current_language(), macro, arguments, tuple(options.items())
        part: Part | None = self._find(key)
        if part is None:
            part = macro(*arguments, **options)
            self._store(key, part)
        return part

    async def page(self, key: Hashable, make: Callable[[], Awaitable[Part]]) -> Part:
        """A page, which is made if there is none of this key and in this language yet."""
        key = self._globals, current_language(), key
        page: Part | None = self._find(key)
        if page is None:
            page = await make()
            self._store(key, page)
        return page

    async def text(
        self, make: Callable[[*Arguments], Awaitable[str]], *arguments: *Arguments
    ) -> str:
        """The result of a function that depends on nothing else, such as rendered Markdown."""
        key = self._globals, make, arguments
        text: str | None = self._find(key)
        if text is None:
            text = await make(*arguments)
            self._store(key, text)
        return text

    def _find(self, key: Any) -> Any:
        if (found := self._cached.get(key)) is None:
            return None
        self._cached.move_to_end(key)
        return found[0]

    def _store(self, key: Any, part: object) -> None:
        size = _size(key) + _size(part)
        if size > self._most_bytes * LARGEST_PART:
            return
        # A concurrent request may have rendered the same.
        self.bytes += size - self._cached.pop(key, (part, 0))[1]
        self._cached[key] = part, size
        while self.bytes > self._most_bytes:
            self.bytes -= self._cached.popitem(last=False)[1][1]


def _size(value: Any) -> int:
    """The memory that a value and its parts take, in bytes."""
    parts: Iterable[Any] = ()
    if isinstance(value, tuple):
        parts = value
    elif is_dataclass(value):
        parts = vars(value).values()
    return sys.getsizeof(value) + sum(map(_size, parts))
