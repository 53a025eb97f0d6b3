"""Exceptions of the application.

Services raise them; `blog/core/web/errors.py` turns uncaught ones into a page or a problem
document.
"""

import math
from collections.abc import Mapping
from datetime import timedelta

from blog.core.i18n import LazyText, lazy_gettext, ngettext

TOO_MANY_REQUESTS = lazy_gettext("You've sent too many requests. Try again in %(duration)s.")
TOO_MANY_PASSWORDS = lazy_gettext("Too many wrong passwords. Try again in %(duration)s.")


class BlogError(Exception):
    """Base class of all of them."""


class NotFoundError(BlogError):
    """The resource does not exist, or the viewer may not know that it does."""


class GoneError(NotFoundError):
    """The resource is no longer public. It once was, so its existence is no secret."""


class ForbiddenError(BlogError):
    """The viewer may not do that."""


class UnconfirmedError(ForbiddenError):
    """The viewer may do that once they have confirmed their email address."""

    def __init__(self) -> None:
        super().__init__(lazy_gettext("Please confirm your email address first."))


class SecondFactorRequiredError(ForbiddenError):
    """The viewer may do that once they have a second factor."""

    def __init__(self) -> None:
        super().__init__(
            lazy_gettext("Please set up two-factor authentication first. This site requires it.")
        )


class InvalidFieldsError(BlogError):
    """The input is well-formed, but conflicts with the state of the site.

    Args:
        errors: user-facing error messages by field.

    Attributes:
        status: the HTTP status of the response.
    """

    status = 422

    def __init__(self, errors: Mapping[str, str | LazyText]) -> None:
        super().__init__()
        self._messages = errors

    @property
    def errors(self) -> dict[str, str]:
        """The messages by field, in the current language."""
        return {name: str(message) for name, message in self._messages.items()}

    @errors.setter
    def errors(self, messages: Mapping[str, str | LazyText]) -> None:
        self._messages = messages

    def __str__(self) -> str:
        return "; ".join(self.errors.values())


class LimitReachedError(InvalidFieldsError):
    """The input is valid, but the maximum number of such items is reached."""

    status = 409


class ConflictError(InvalidFieldsError):
    """The input is valid, but the current state of the resource doesn't allow this."""

    status = 409


class BusyError(InvalidFieldsError):
    """The input is valid, but the site is overloaded, or a rate limit was exceeded.

    Args:
        errors: user-facing error messages by field.
        retry_after: in how many seconds to try again.
        status: 503, or 429 for a rate limit.
    """

    def __init__(
        self, errors: Mapping[str, str | LazyText], retry_after: int, status: int = 503
    ) -> None:
        super().__init__(errors)
        self.retry_after = retry_after
        self.status = status


class EditConflictError(BlogError):
    """The item was changed since the editor loaded it."""


class TooManyRequestsError(BusyError):
    """A rate limit was exceeded.

    Args:
        wait: when to try again, from now. `retry_after` is the same in whole seconds, at least one.
        problem: the message, with `%(duration)s`.
    """

    def __init__(self, wait: timedelta, problem: LazyText = TOO_MANY_REQUESTS) -> None:
        self.wait = wait
        seconds = max(1, math.ceil(wait.total_seconds()))
        message = problem.with_values(duration=LazyText(duration_text, (seconds,), {}))
        super().__init__({"": message}, seconds, 429)


class TooManyAttemptsError(TooManyRequestsError):
    """Too many failed log-in attempts.

    Args:
        wait: when to try again, from now.
        problem: the message, with `%(duration)s`.
    """

    def __init__(self, wait: timedelta, problem: LazyText = TOO_MANY_PASSWORDS) -> None:
        super().__init__(wait, problem)


def duration_text(seconds: int) -> str:
    """A duration such as "20 seconds", "1 minute" or "3 hours", rounded up."""
    minutes = math.ceil(seconds / 60)
    if seconds < 60:
        return ngettext("%(num)s second", "%(num)s seconds", seconds)
    if minutes < 60:
        return ngettext("%(num)s minute", "%(num)s minutes", minutes)
    return ngettext("%(num)s hour", "%(num)s hours", math.ceil(seconds / 3600))
