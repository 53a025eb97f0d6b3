"""What people send about comments."""

from typing import Annotated

from pydantic import Field

from blog.kit.submissions import SubmittedForm
from blog.kit.validation import NotBlank

LONGEST_COMMENT = 8_192


class CommentForm(SubmittedForm):
    """A comment, in inline Markdown."""

    body: Annotated[str, Field(max_length=LONGEST_COMMENT), NotBlank]
