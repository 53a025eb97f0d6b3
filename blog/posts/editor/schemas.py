"""The forms of the editor."""

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
    """A post to save without publishing it. It may be unfinished, even empty.

    Attributes:
        version: the version of the post that was changed; 0 for a new one.
        copy_version: the version of the working copy that was changed; 0 if there was none, and
            `None` in a form that doesn't know about working copies.
    """

    body: Annotated[Markdown, Field(max_length=LONGEST_POST)] = ""
    tags: TagLine = Field([])
    cover: TypedCover = None
    version: Version = 0
    copy_version: Version | None = None


class PublishForm(DraftForm):
    """A post to publish, now or at the time it contains."""

    body: Body


class ChangeForm(PublishForm):
    """The new content of a published post."""

    version: Annotated[int, Field(ge=1, lt=2**31)]


def validate_part(sent: Mapping[str, str]) -> tuple[DraftForm, dict[str, str]]:
    """Validate as much of a form as can be saved while its author is still typing.

    Returns:
        The form without the invalid fields, and their error messages.

    Raises:
        InvalidFieldsError: the text itself cannot be saved.
    """
    try:
        return DraftForm.model_validate(sent), {}
    except ValidationError as error:
        errors = messages(error)
    if not errors.keys().isdisjoint({"", "body", "version", "copy_version"}):
        raise InvalidFieldsError(errors)
    rest = {name: value for name, value in sent.items() if name not in errors}
    return DraftForm.model_validate(rest), errors
