"""The schema for hiding a word."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from blog.core.text.cleaning import clean_line
from blog.core.text.validation import Schema, with_example

LONGEST_WORD = 100


def _clean(value: object) -> object:
    return " ".join(clean_line(value).split()) if isinstance(value, str) else value


class HiddenWordCreate(Schema):
    """A word, a phrase or a tag to hide."""

    model_config = with_example({"word": "#boats"})

    word: Annotated[
        str,
        BeforeValidator(_clean),
        Field(
            max_length=LONGEST_WORD,
            description="A word or phrase, or a tag if it begins with `#`.",
        ),
    ]
