"""Schemas of the forms for reports."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, ValidationInfo, WithJsonSchema, field_validator

from blog.core.i18n import lazy_gettext
from blog.core.text.validation import Schema, with_example
from blog.models import ReportState
from blog.moderation.reports.categories import OTHER, PATTERN, validate_key
from blog.moderation.schemas import LONGEST_REASON

LONGEST_ANSWER = 2_000
CategoryKey = Annotated[
    str,
    AfterValidator(validate_key),
    WithJsonSchema({"type": "string", "pattern": PATTERN}),
]
SAY_WHAT = lazy_gettext("Please say what's wrong.")


class ReportForm(Schema):
    """A report about a post or comment. Only "something else" needs an explanation."""

    category: Annotated[
        CategoryKey, Field(description="`spam`, `other`, or the number of a rule of the site.")
    ] = OTHER
    reason: Annotated[
        str, Field(max_length=LONGEST_REASON, validate_default=True,
                   description="More about it. `other` needs it."),
    ] = ""  # fmt: skip

    @field_validator("reason")
    @classmethod
    def _require_explanation(cls, reason: str, info: ValidationInfo) -> str:
        if not reason.strip() and info.data.get("category", OTHER) == OTHER:
            raise ValueError(SAY_WHAT)
        return reason


class ReportCreate(ReportForm):
    "A report of a post or comment to the moderators."

    model_config = with_example({"category": "spam", "reason": "The same advertisement again."})


class RemarkForm(Schema):
    """An optional remark on closing a report."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON)] = ""


class Outcome(StrEnum):
    """The outcome of a report."""

    RESOLVED = ReportState.RESOLVED
    DISMISSED = ReportState.DISMISSED


class CloseForm(RemarkForm):
    """The outcome of a report, with an answer to the person who made it."""

    outcome: Outcome
    answer: Annotated[str, Field(max_length=LONGEST_ANSWER)] = ""


class ReportClose(CloseForm):
    "The outcome of a report."

    model_config = with_example(
        {"outcome": "dismissed", "answer": "We allow such posts.", "reason": ""}
    )
