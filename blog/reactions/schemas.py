"""The schemas of bookmarks and their folders."""

from typing import Annotated

from pydantic import Field

from blog.core.text.fields import CLEAN_LINE
from blog.core.text.validation import NotBlank, Schema, with_example

FolderName = Annotated[str, Field(max_length=50), CLEAN_LINE, NotBlank]


class FolderForm(Schema):
    """The name of a folder."""

    name: FolderName


class FolderUpdate(FolderForm):
    "The new name of a folder."

    model_config = with_example({"name": "Recipes"})


class BookmarkChange(Schema):
    """Where a bookmark goes."""

    model_config = with_example({"folder": "Recipes"})

    folder: Annotated[
        FolderName | None,
        Field(description="The name of a folder, which is added if it's new. Null for no folder."),
    ] = None
