"""Schemas of answer templates."""

from typing import Annotated

from pydantic import Field

from blog.core.text.fields import CLEAN_LINE
from blog.core.text.validation import NotBlank, Schema
from blog.models.answer_template import LONGEST_NAME
from blog.moderation.schemas import LONGEST_REASON


class TemplateForm(Schema):
    """An answer template."""

    name: Annotated[str, Field(max_length=LONGEST_NAME), CLEAN_LINE, NotBlank]
    text: Annotated[str, Field(max_length=LONGEST_REASON), NotBlank]
