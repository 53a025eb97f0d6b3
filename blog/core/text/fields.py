"""Field types for short plain texts."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from blog.core.text.cleaning import clean_line, clean_lines


def _cleaned_by(clean: Callable[[str], str]) -> BeforeValidator:
    """Clean a string before its length is checked; pydantic refuses other types."""

    def validate(value: Any) -> Any:
        return clean(value) if isinstance(value, str) else value

    return BeforeValidator(validate)


Line = Annotated[str, Field(max_length=64), _cleaned_by(clean_line)]
Lines = Annotated[str, Field(max_length=2000), _cleaned_by(clean_lines)]
Description = Annotated[str, Field(max_length=1000), _cleaned_by(clean_line)]
