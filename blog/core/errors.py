"""What can go wrong in the blog's own terms.

Services raise these; `blog/core/web/errors.py` turns what nobody caught into a page or a problem
document.
"""

import math
from collections.abc import Mapping
from datetime import timedelta


class BlogError(Exception):
    """The base of them all."""


class NotFoundError(BlogError):
    """What was asked for is not there (or not for this person to know of)."""


class ForbiddenError(BlogError):
    """This person may not do that."""


class InvalidFieldsError(BlogError):
    """The input is well-formed, but the state of the site speaks against it.

    Args:
        errors: for each field what is wrong with it, in words for the person.

    Attributes:
        status: the HTTP status of the answer.
    """

    status = 422

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)


class LimitReachedError(InvalidFieldsError):
    """Nothing is wrong with the input by itself: there are as many of these as there may be."""

    status = 409


class BusyError(InvalidFieldsError):
    """Nothing is wrong with the input: the site has too much to do, or this person caused too much.

    Args:
        errors: what is said beside each field.
        retry_after: in how many seconds to try again.
        status: 503, or 429 where the person caused it.
    """

    def __init__(self, errors: Mapping[str, str], retry_after: int, status: int = 503) -> None:
        super().__init__(errors)
        self.retry_after = retry_after
        self.status = status


class EditConflictError(BlogError):
    """Somebody else has changed it since this editor read it."""


class TooManyRequestsError(BusyError):
    """Something was asked for too often; it may be again later.

    Args:
        wait: how long from now. `retry_after` is the same in whole seconds, at least one.
        problem: what there was too much of.
    """

    def __init__(self, wait: timedelta, problem: str = "Too many requests came from you.") -> None:
        self.wait = wait
        seconds = max(1, math.ceil(wait.total_seconds()))
        super().__init__({"": f"{problem} Try again in {in_words(seconds)}."}, seconds, 429)


class TooManyAttemptsError(TooManyRequestsError):
    """Too many attempts to log in have failed."""

    def __init__(self, wait: timedelta) -> None:
        super().__init__(wait, "Too many tries with a wrong password.")


def in_words(seconds: int) -> str:
    """A time to wait, such as "20 seconds", "1 minute" or "3 hours", rounded up."""
    for size, unit in ((1, "second"), (60, "minute"), (3600, "hour")):
        number = math.ceil(seconds / size)
        if number < 60 or unit == "hour":
            break
    return f"{number} {unit}{'s' if number > 1 else ''}"
