"""A form that is sent twice does its work once.

Each form that makes something carries a random number (`submission_field` in its template).
What it makes is stored with a key of that number and of the text; a unique index on the key
decides, also between two requests at the same moment. The text is part of the key because
the browser's Back button brings the same form again, to write something else with it.
"""

import hashlib
import json
from uuid import UUID

from blog.core.text.validation import Schema


class SubmittedForm(Schema):
    """The base of a form that must do its work once; a client may leave its number out."""

    submission: str = ""


def submission_key(form: SubmittedForm, *content: int | str) -> UUID | None:
    """What makes one sending of a form the same as another.

    Args:
        form: what was sent.
        content: who sent it, and what it would make.

    Returns:
        The key for the unique column; `None` for a form without a number, which nothing
        is the same as.
    """
    if not form.submission:
        return None
    digest = hashlib.sha256(json.dumps([form.submission, *content]).encode())
    return UUID(bytes=digest.digest()[:16])
