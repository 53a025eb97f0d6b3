"""Texts that are translated when they are shown.

For constants of modules, and for exceptions that several requests may get, because a read or a
batch that they share runs in the language of the first.
"""

from collections.abc import Callable, Mapping
from typing import Any

from blog.core.i18n.texts import gettext, pgettext


class LazyText:
    """A text that `str()` translates into the language that is current at that time.

    Args:
        translate: `gettext` or one of its siblings.
        arguments: its arguments.
        values: the values in the text, which may be lazy texts themselves.
    """

    __slots__ = ("_arguments", "_translate", "_values")

    def __init__(
        self, translate: Callable[..., str], arguments: tuple[Any, ...], values: Mapping[str, Any]
    ) -> None:
        self._translate, self._arguments, self._values = translate, arguments, dict(values)

    def __str__(self) -> str:
        return self._translate(*self._arguments, **self._values)

    __repr__ = __str__

    def __format__(self, specification: str) -> str:
        return format(str(self), specification)

    def with_values(self, **values: Any) -> "LazyText":
        """The same text with values, for a text that is declared before they are known."""
        return LazyText(self._translate, self._arguments, self._values | values)


def lazy_gettext(message: str, /, **values: Any) -> LazyText:
    """`gettext` when the text is shown."""
    return LazyText(gettext, (message,), values)


def lazy_pgettext(context: str, message: str, /, **values: Any) -> LazyText:
    """`pgettext` when the text is shown."""
    return LazyText(pgettext, (context, message), values)
