"""Schemas of the forms for measures and appeals."""

from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from blog.accounts.schemas import EmailAddress
from blog.core.clock import now
from blog.core.i18n import lazy_gettext
from blog.core.text.validation import NotBlank, Schema, with_example
from blog.core.web.submissions import SubmittedForm
from blog.models import MeasureKind
from blog.moderation.schemas import ReasonForm, RuleForm, none_if_empty

LONGEST_PAUSE = timedelta(days=366)
LONGEST_APPEAL = 2_000
NO_END = lazy_gettext(
    "Choose the day on which the pause ends: tomorrow or later, and within a year."
)


class PersonMeasure(StrEnum):
    """The kinds of measures against a person, other than hiding a single post or comment."""

    REMIND = MeasureKind.REMIND
    HIDE_ALL = MeasureKind.HIDE_ALL
    LIMIT = MeasureKind.LIMIT
    PAUSE = MeasureKind.PAUSE
    DISABLE = MeasureKind.DISABLE


class MeasureForm(RuleForm):
    """A measure against a person. `until` is the day on which a pause ends, at midnight UTC."""

    kind: PersonMeasure
    until: Annotated[date | None, BeforeValidator(none_if_empty), Field(validate_default=True)] = (
        None
    )

    @field_validator("until")
    @classmethod
    def _validate_end(cls, until: date | None, info: ValidationInfo) -> date | None:
        if info.data.get("kind") is not PersonMeasure.PAUSE:
            return None
        today = now().date()
        if until is None or not today < until <= today + LONGEST_PAUSE:
            raise ValueError(NO_END)
        return until

    @property
    def end(self) -> datetime:
        """The time at which a pause ends."""
        return datetime.combine(self.until or date.min, time(), UTC)


class SentMeasureForm(MeasureForm, SubmittedForm):
    """The form for a measure on a page."""


class MeasureCreate(MeasureForm):
    "A measure against a user."

    model_config = with_example(
        {"kind": "limit", "rule": None, "reason": "Advertising under every post.", "until": None}
    )


class MeasureLift(ReasonForm):
    "Why a measure ends."

    model_config = with_example({"reason": "We were wrong."})


class AppealForm(Schema):
    """The text of an appeal against a measure."""

    text: Annotated[str, Field(max_length=LONGEST_APPEAL), NotBlank]


class AddressForm(Schema):
    """The address of a disabled account."""

    email: EmailAddress


class Decision(StrEnum):
    """Whether an appeal lifts the measure."""

    LIFT = "lift"
    KEEP = "keep"


class DecisionForm(Schema):
    """The decision on an appeal, with the answer to the person."""

    decision: Decision
    answer: Annotated[str, Field(max_length=LONGEST_APPEAL), NotBlank]
