"""What people send about revisions."""

from blog.core.text.validation import Schema
from blog.posts.editor.schemas import Version


class RestoreForm(Schema):
    """A text is to be restored.

    Attributes:
        version: of the post that was read before.
    """

    version: Version
