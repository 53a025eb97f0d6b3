"""What can go wrong in the blog's own terms.

Services raise these; `blog/web/errors.py` turns what nobody caught into a page or a problem
document.
"""

from collections.abc import Mapping


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
    """

    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__("; ".join(errors.values()))
        self.errors = dict(errors)
