"""Languages of texts, as BCP 47 tags such as `pt-BR`."""

from functools import lru_cache
from typing import Annotated, Any

from langcodes import Language as Tag
from langcodes import standardize_tag, tag_is_valid
from langcodes.tag_parser import LanguageTagError
from pydantic import BeforeValidator, Field

from blog.core.i18n import lazy_gettext

# The length that software should support (RFC 5646, 4.4.1).
LONGEST_LANGUAGE = 35
UNKNOWN = lazy_gettext("Please enter a language code, such as en, pt-BR or zh-Hant.")
# ISO 15924: the scripts in use that are written from right to left.
RIGHT_TO_LEFT = {"Adlm", "Arab", "Aran", "Hebr", "Mand", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa"}


def standard_language(text: str) -> str:
    """Standardise the form of a tag: `pt-BR` for `PT-br`.

    Raises:
        ValueError: no such language is registered.
    """
    try:
        if text.isascii() and len(text) <= LONGEST_LANGUAGE and tag_is_valid(text):
            return standardize_tag(text)
    except LanguageTagError:
        pass
    raise ValueError(UNKNOWN)


@lru_cache(maxsize=1_000)
def direction(language: str) -> str:
    """The direction of the script in which a language is usually written: `rtl` or `ltr`."""
    return "rtl" if Tag.get(language).maximize().script in RIGHT_TO_LEFT else "ltr"


def _validate(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    return standard_language(text) if (text := value.strip()) else None


Language = Annotated[
    Annotated[str, Field(max_length=LONGEST_LANGUAGE)] | None, BeforeValidator(_validate)
]
