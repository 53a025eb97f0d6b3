"""Tags of posts: parsing, validation and comparison."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated, Any

from pydantic import BeforeValidator, WithJsonSchema

from blog.core.i18n import lazy_gettext, ngettext
from blog.core.text.cleaning import clean_line
from blog.core.text.validation import DESCRIBED, require_characters
from blog.core.text.visibility import is_seen

MOST_TAGS = 10
LONGEST_TAG = 50
# Compatibility characters fold to up to 18 others, and the index has to hold the result.
LONGEST_FOLDED = 100

HAS_COMMA = lazy_gettext("A tag can't contain a comma.")
SHOWS_NOTHING = lazy_gettext("A tag needs a letter, a digit or a symbol.")
NO_LIST = lazy_gettext("Please send a list of strings.")

# Commas of several scripts.
_COMMA = re.compile("[,\u060c\u3001\uff0c]")
_SEPARATOR = re.compile(f"{_COMMA.pattern}|\n")
_LEADING = re.compile(r"^[#\uff03\s]+")
# Letters, marks, digits and symbols, to which emoji belong.
_TELLING = tuple("LMNS")


def fold_tag(tag: str) -> str:
    """Fold a tag, so that equivalent ones are equal: `Ⅻ Tables` and `xii tables`."""
    folded = unicodedata.normalize("NFKC", tag).casefold()
    # Variation selectors and joiners, which only change how a character looks.
    seen = "".join(each for each in folded if each == " " or is_seen(each))
    return unicodedata.normalize("NFKC", seen)


@lru_cache(maxsize=10_000)
def address_of_tag(tag: str) -> str:
    """The last part of the URL of a tag: folded, and with a comma for each slash.

    A slash, even encoded, would begin another part of the URL, and no tag contains a comma.
    """
    return fold_tag(tag).replace("/", ",")


def fold_address(address: str) -> str | None:
    """Fold the tag in a URL, in any spelling; `None` if no tag can have it."""
    if len(address) > LONGEST_FOLDED:
        return None
    tag = _LEADING.sub("", " ".join(address.replace(",", "/").split()))
    return fold_tag(tag) or None


def clean_tags(given: Iterable[str]) -> list[str]:
    """Remove leading `#`, extra spaces and duplicates from tags.

    Raises:
        ValueError: one is not a valid tag, or there are too many.
    """
    tags: dict[str, str] = {}
    for text in given:
        if tag := _clean_tag(require_characters(text)):
            tags.setdefault(fold_tag(tag), tag)
    if len(tags) > MOST_TAGS:
        raise _too_many()
    return list(tags.values())


def _clean_tag(text: str) -> str:
    """Clean one tag; empty if it has no visible characters."""
    if len(text.strip()) > 2 * LONGEST_TAG:
        raise _too_long()
    # Some characters, such as a vertical comma, become one when they are folded.
    if _COMMA.search(unicodedata.normalize("NFKC", text)):
        raise ValueError(HAS_COMMA)
    tag = _LEADING.sub("", " ".join(clean_line(text).split()))
    if not any(map(is_seen, tag)):
        return ""
    # Folded, so that no tag has the address "." or "..".
    if not any(unicodedata.category(each).startswith(_TELLING) for each in fold_tag(tag)):
        raise ValueError(SHOWS_NOTHING)
    if len(tag) > LONGEST_TAG or len(fold_tag(tag)) > LONGEST_FOLDED:
        raise _too_long()
    return tag


def _too_many() -> ValueError:
    return ValueError(
        ngettext("Please use at most %(num)s tag.", "Please use at most %(num)s tags.", MOST_TAGS)
    )


def _too_long() -> ValueError:
    return ValueError(
        ngettext(
            "Please shorten each tag to at most %(num)s character.",
            "Please shorten each tag to at most %(num)s characters.",
            LONGEST_TAG,
        )
    )


def _parse_list(value: Any) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError(NO_LIST)
    if len(value) > MOST_TAGS:
        raise _too_many()
    return clean_tags(value)


def _parse_line(value: Any) -> list[str]:
    if not isinstance(value, str):
        return _parse_list(value)
    # Empty and repeated tags are ignored as typing errors.
    return clean_tags(_SEPARATOR.split(value))


_ITEM = {
    "type": "string",
    "maxLength": LONGEST_TAG,
    "pattern": rf"^[^,{DESCRIBED}]*$",
}
Tags = Annotated[
    list[str],
    BeforeValidator(_parse_list),
    WithJsonSchema({"type": "array", "maxItems": MOST_TAGS, "items": _ITEM}),
]
# As a form sends them: separated by commas, or one per line.
TagLine = Annotated[list[str], BeforeValidator(_parse_line)]
