"""What people send about posts."""

from typing import Annotated

from pydantic import Field

from blog.kit.submissions import SubmittedForm
from blog.kit.validation import NotBlank

LONGEST_POST = 65_536


class PostForm(SubmittedForm):
    """A post, in Markdown."""

    body: Annotated[str, Field(max_length=LONGEST_POST), NotBlank]


class EditForm(PostForm):
    """A post's new text; `version` says which text of it the editor has read."""

    version: Annotated[int, Field(ge=1, lt=2**31)]
