"""What people send about what they have held."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import Markdown, NotBlank, Schema

# As that of a comment (`blog.comments.schemas`), which knows of this.
LONGEST_COMMENT = 8_192


class HeldTextForm(Schema):
    """Another text of a comment that waits."""

    body: Annotated[Markdown, Field(max_length=LONGEST_COMMENT), NotBlank]
