"""Exceptions of the application.

Services raise them; `blog/core/web/errors.py` turns uncaught ones into a page or a problem
document.
"""

import math
from collections.abc import Mapping
from datetime import timedelta

from blog.core.text.counting import counted


class BlogError(Exception):
    """Base class of all of them."""


class NotFoundError(BlogError):
    """The resource does not exist, or the viewer may not know that it does."""


class GoneError(NotFoundError):
    """The resource was public once, and is not any more: that it was there is no secret."""


class ForbiddenError(BlogError):
    """The viewer may not do that."""


class UnconfirmedError(ForbiddenError):
    """The viewer may do that once they have confirmed their email address."""

    def __init__(self) -> None:
        super().__init__("Please confirm your email address first.")


class SecondFactorRequiredError(ForbiddenError):
    """The viewer may do that once they have a second factor."""

    def __init__(self) -> None:
        super().__init__("Please set up two-factor authentication first. This site requires it.")


class InvalidFieldsError(BlogError):
    """The input is well-formed, but conflicts with the state of the site.

    Args:
        errors: user-facing error messages by field.

    Attributes:
        status: the HTTP status of the response.
    """

    status = 422

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


class LimitReachedError(InvalidFieldsError):
    """The input is valid, but the maximum number of such items is reached."""

    status = 409


class BusyError(InvalidFieldsError):
    """The input is valid, but the site is overloaded, or a rate limit was exceeded.

    Args:
        errors: user-facing error messages by field.
        retry_after: in how many seconds to try again.
        status: 503, or 429 for a rate limit.
    """

    def __init__(self, errors: Mapping[str, str], retry_after: int, status: int = 503) -> None:
        super().__init__(errors)
        self.retry_after = retry_after
        self.status = status


class EditConflictError(BlogError):
    """The item was changed since the editor loaded it."""


class TooManyRequestsError(BusyError):
    """A rate limit was exceeded.

    Args:
        wait: when to try again, from now. `retry_after` is the same in whole seconds, at least one.
        problem: the first sentence of the message.
    """

    def __init__(self, wait: timedelta, problem: str = "You've sent too many requests.") -> None:
        self.wait = wait
        seconds = max(1, math.ceil(wait.total_seconds()))
        super().__init__({"": f"{problem} Try again in {duration_text(seconds)}."}, seconds, 429)


class TooManyAttemptsError(TooManyRequestsError):
    """Too many failed log-in attempts.

    Args:
        wait: when to try again, from now.
        tried: what was wrong.
    """

    def __init__(self, wait: timedelta, tried: str = "passwords") -> None:
        super().__init__(wait, f"Too many wrong {tried}.")


def duration_text(seconds: int) -> str:
    """A duration such as "20 seconds", "1 minute" or "3 hours", rounded up."""
    for size, unit in ((1, "second"), (60, "minute"), (3600, "hour")):
        number = math.ceil(seconds / size)
        if number < 60 or unit == "hour":
            break
    return counted(number, unit)
