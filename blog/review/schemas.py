"""The form for a held comment."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import Markdown, NotBlank, Schema

# The same as for comments (`blog.comments.schemas`), which import this package.
LONGEST_COMMENT = 8_192


class HeldTextForm(Schema):
    """The new text of a held comment."""

    body: Annotated[Markdown, Field(max_length=LONGEST_COMMENT), NotBlank]
