"""Schemas of the report and moderation forms."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field

from blog.core.text.tags import LONGEST_TAG, SHOWS_NOTHING, clean_tags
from blog.core.text.validation import NotBlank, Schema

LONGEST_REASON = 500
RuleNumber = Annotated[int, Field(ge=1, lt=2**31)]


class RuleResource(BaseModel):
    """A rule of the site in the API, as it was when something referred to it."""

    number: int
    text: str


class ReasonForm(Schema):
    """The reason of a report or of a moderation action."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON), NotBlank]


def none_if_empty(value: object) -> object:
    """What an optional field of a form holds that was left empty."""
    return None if value == "" else value


class RuleForm(ReasonForm):
    """The reason of a moderation action, and the number of the rule it rests on. A site that has
    rules requires one (`blog.moderation.rules`)."""

    rule: Annotated[RuleNumber | None, BeforeValidator(none_if_empty)] = None


def _one_tag(value: str) -> str:
    tags = clean_tags([value])
    if not tags:
        raise ValueError(SHOWS_NOTHING)
    return tags[0]


class TagForm(ReasonForm):
    """The name of a tag, and the reason of what is done with it."""

    name: Annotated[str, Field(max_length=2 * LONGEST_TAG), NotBlank, AfterValidator(_one_tag)]
