"""The language of the current request, mail or job."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from blog.core.i18n.languages import SOURCE

# Commands, logs and background jobs use the source language.
_language: ContextVar[str] = ContextVar("language", default=SOURCE)


def current_language() -> str:
    """The BCP 47 tag of the current language."""
    return _language.get()


def set_language(language: str) -> None:
    """Use a language for the rest of the current request."""
    _language.set(language)


@contextmanager
def using_language(language: str) -> Iterator[None]:
    """Use a language within a block, such as that of the recipient of an email."""
    token = _language.set(language)
    try:
        yield
    finally:
        _language.reset(token)
