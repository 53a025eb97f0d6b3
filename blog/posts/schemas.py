"""What people send about posts."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import Markdown, NotBlank, Schema
from blog.core.web.submissions import SubmittedForm

LONGEST_POST = 65_536


Body = Annotated[Markdown, Field(max_length=LONGEST_POST), NotBlank]


class PostText(Schema):
    """The text of a post, in Markdown."""

    body: Body


class PostChange(Schema):
    """What is to be changed of a post."""

    body: Body | None = None


class PostForm(PostText, SubmittedForm):
    """A new post."""


class EditForm(PostText):
    """A post's new text; `version` says which text of it the editor has read."""

    version: Annotated[int, Field(ge=1, lt=2**31)]
