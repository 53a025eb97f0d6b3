"""What the editor sends."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, ValidationError

from blog.core.errors import InvalidFieldsError
from blog.core.text.tags import TagLine
from blog.core.text.validation import Markdown, messages
from blog.core.web.submissions import SubmittedForm
from blog.posts.schemas import LONGEST_POST, Body, PostFields, TypedCover

Version = Annotated[int, Field(ge=0, lt=2**31)]


class DraftForm(PostFields, SubmittedForm):
    """What is to be saved without being published; it may be unfinished, and even empty.

    Attributes:
        version: of the post that was changed; 0 for a new one.
        copy_version: of the working copy that was changed; 0 if there was none, and `None` in a
            form that knows of no working copies.
    """

    body: Annotated[Markdown, Field(max_length=LONGEST_POST)] = ""
    tags: TagLine = Field([])
    cover: TypedCover = None
    version: Version = 0
    copy_version: Version | None = None


class PublishForm(DraftForm):
    """What is to be published, now or at the time in it."""

    body: Body


class ChangeForm(PublishForm):
    """What a published post is to be changed to."""

    version: Annotated[int, Field(ge=1, lt=2**31)]


def valid_part(sent: Mapping[str, str]) -> tuple[DraftForm, dict[str, str]]:
    """What can be saved of a form while somebody is still typing.

    Returns:
        The form without the fields that are wrong, and what is wrong with them.

    Raises:
        InvalidFieldsError: the text itself cannot be saved.
    """
    try:
        return DraftForm.model_validate(sent), {}
    except ValidationError as error:
        wrong = messages(error)
    if not wrong.keys().isdisjoint({"", "body", "version", "copy_version"}):
        raise InvalidFieldsError(wrong)
    rest = {name: value for name, value in sent.items() if name not in wrong}
    return DraftForm.model_validate(rest), wrong
