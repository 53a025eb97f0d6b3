"""What people say about themselves."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from blog.core.text.cleaning import clean_line, clean_lines
from blog.core.text.validation import Schema


def _cleaned_by(clean: Callable[[str], str]) -> BeforeValidator:
    """Clean a text before its length is judged; what is no text is for pydantic to refuse."""

    def validate(value: Any) -> Any:
        return clean(value) if isinstance(value, str) else value

    return BeforeValidator(validate)


Line = Annotated[str, Field(max_length=64), _cleaned_by(clean_line)]
Lines = Annotated[str, Field(max_length=2000), _cleaned_by(clean_lines)]


class ProfileForm(Schema):
    """What a profile tells beside the username; all of it may be left empty.

    `about_me` is plain text, whose line breaks are shown.
    """

    name: Line = ""
    location: Line = ""
    about_me: Lines = ""
