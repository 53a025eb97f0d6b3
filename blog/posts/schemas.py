"""What people send about posts."""

from typing import Annotated

from pydantic import Field

from blog.core.text.validation import Markdown, NotBlank, Schema, with_example
from blog.core.web.submissions import SubmittedForm

LONGEST_POST = 65_536


Body = Annotated[Markdown, Field(max_length=LONGEST_POST), NotBlank]


class PostCreate(Schema):
    """A post to be published, or the new text of one, in Markdown."""

    model_config = with_example({"body": "I'm adding a post from the *command line*."})

    body: Body


class PostUpdate(Schema):
    """What is to be changed of a post."""

    model_config = with_example({"body": "I'm adding a post from the *command line*."})

    body: Body | None = None


class PostForm(PostCreate, SubmittedForm):
    """A new post."""


class EditForm(Schema):
    """A post's new text; `version` says which text of it the editor has read."""

    body: Body
    version: Annotated[int, Field(ge=1, lt=2**31)]
