"""The forms of revisions."""

from blog.core.text.validation import Schema
from blog.posts.editor.schemas import Version


class RestoreForm(Schema):
    """The form that restores a text.

    Attributes:
        version: the version of the post that the editor has read.
    """

    version: Version
