"""Schemas of comments."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from blog.core.text.fields import WHOLE_NUMBER
from blog.core.text.validation import Markdown, NotBlank, Schema, with_example
from blog.core.web.submissions import SubmittedForm

LONGEST_COMMENT = 8_192

Body = Annotated[Markdown, Field(max_length=LONGEST_COMMENT), NotBlank]
CommentId = Annotated[int, Field(ge=1, lt=2**63)] | None
# In a form, the field is empty for a top-level comment.
SentCommentId = Annotated[CommentId, BeforeValidator(lambda value: value or None)]


class CommentText(Schema):
    """The text of a comment, in inline Markdown."""

    body: Body


class CommentCreate(CommentText):
    """A new comment."""

    model_config = with_example({"body": "So *am* I."})

    reply_to: Annotated[
        CommentId,
        WHOLE_NUMBER,
        Field(description="The ID of the comment on the same post that this one replies to."),
    ] = None


class CommentPreviewForm(CommentText):
    """A text to preview. Other fields of its form are ignored."""


class CommentForm(CommentText, SubmittedForm):
    """A new comment."""

    reply_to: SentCommentId = None


class RemovalForm(Schema):
    """Why the author of a post removes a comment from it."""

    reason: Annotated[str, Field(max_length=500)] = ""


class CommentRemoval(RemovalForm):
    "Why you remove a comment from under your post. Its author can read that."

    model_config = with_example({"reason": "Off topic"})


class CommentUpdate(Schema):
    "The fields of a comment to change."

    model_config = with_example({"body": "So *am* I."})

    body: Body | None = None
