"""Schemas of comments."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import Markdown, NotBlank, Schema, with_example
from blog.core.web.submissions import SubmittedForm

LONGEST_COMMENT = 8_192

Body = Annotated[Markdown, Field(max_length=LONGEST_COMMENT), NotBlank]


class CommentCreate(Schema):
    """The text of a comment, in inline Markdown."""

    model_config = with_example({"body": "So *am* I."})

    body: Body


class CommentForm(CommentCreate, SubmittedForm):
    """A new comment."""


class CommentUpdate(Schema):
    "The fields of a comment to change."

    model_config = with_example({"body": "So *am* I."})

    body: Body | None = None
