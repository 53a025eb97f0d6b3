"""Schemas of the report and moderation forms."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from blog.core.text.tags import LONGEST_TAG, SHOWS_NOTHING, clean_tags
from blog.core.text.validation import NotBlank, Schema

LONGEST_REASON = 500
RuleNumber = Annotated[int, Field(ge=1, lt=2**31)]


class RuleResource(BaseModel):
    """A rule of the site in the API, as it was when it was referred to."""

    number: int
    text: str


class ReasonForm(Schema):
    """The reason for a report or moderation action."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON), NotBlank]


def none_if_empty(value: object) -> object:
    """Convert an optional form field that was left empty to `None`."""
    return None if value == "" else value


class RuleForm(ReasonForm):
    """The reason for a moderation action, and the number of the rule it is based on. A site that
    has rules requires one (`blog.moderation.rules`)."""

    rule: Annotated[RuleNumber | None, BeforeValidator(none_if_empty)] = None


def _clean_tag(value: str) -> str:
    tags = clean_tags([value])
    if not tags:
        raise ValueError(SHOWS_NOTHING)
    return tags[0]


class TagForm(ReasonForm):
    """The name of a tag, and the reason for the action."""

    name: Annotated[str, Field(max_length=2 * LONGEST_TAG), NotBlank, AfterValidator(_clean_tag)]
