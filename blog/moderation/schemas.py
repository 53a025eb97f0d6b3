"""Schemas of the report and moderation forms."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import NotBlank, Schema

LONGEST_REASON = 500


class ReasonForm(Schema):
    """The reason of a report or of a moderation action."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON), NotBlank]


class RemarkForm(Schema):
    """An optional remark on closing a report."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""
