"""What people send about posts."""

from typing import Annotated

from pydantic import Field

from blog.kit.validation import RequiredText, Schema

LONGEST_POST = 65_536


class PostForm(Schema):
    """A post, in Markdown."""

    body: Annotated[RequiredText, Field(max_length=LONGEST_POST)]
