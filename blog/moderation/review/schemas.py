"""The forms for decisions about held items."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import Schema
from blog.moderation.schemas import RuleForm

Version = Annotated[int, Field(ge=0, lt=2**31)]


class ApprovalForm(Schema):
    """The version that the moderator has read."""

    version: Version


class RefusalForm(RuleForm):
    """Why a held item is not published, for its author."""
