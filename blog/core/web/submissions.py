"""Idempotent forms: one that is sent twice takes effect once.

Each form that creates something has a random token (`submission_field` in its template). The row is
stored with a hash of the token and the content, under a unique index that also decides between
concurrent requests. The content is part of the key because the Back button brings back the same
form for a different text.
"""

import hashlib
import json
from uuid import UUID

from blog.core.text.validation import Schema


class SubmittedForm(Schema):
    """Base class of idempotent forms. Clients may omit the token."""

    submission: str = ""


def submission_key(form: SubmittedForm, *content: int | str) -> UUID | None:
    """The idempotency key of a submission.

    Args:
        form: the submitted form.
        content: the sender, and what would be created.

    Returns:
        The value of the unique column; `None` for a form without a token, which is never a
        duplicate.
    """
    if not form.submission:
        return None
    digest = hashlib.sha256(json.dumps([form.submission, *content]).encode())
    return UUID(bytes=digest.digest()[:16])
