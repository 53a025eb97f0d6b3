"""What reporters and moderators send."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import NotBlank, Schema

LONGEST_REASON = 500


class ReasonForm(Schema):
    """Why something breaks the rules, or why a moderator does something about it."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON), NotBlank]


class RemarkForm(Schema):
    """What there is to say about closing a report, if anything."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
