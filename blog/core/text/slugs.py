"""Slugs: the readable last part of the URL of a post with a title."""

import re
from typing import Annotated, Any

from anyascii import anyascii
from pydantic import BeforeValidator, Field

from blog.core.i18n import lazy_gettext

LONGEST_SLUG = 80
# Other paths below the URL of a post.
RESERVED = {"comments", "edit", "preview", "revisions", "timegate", "timemap"}
# The slug of a title without letters, and the prefix for a title that is a number or reserved.
PLAIN = "post"

IS_NUMBER = lazy_gettext("A slug can't be just a number.")
IS_RESERVED = lazy_gettext("This slug is reserved. Please choose another one.")
NOT_SPELLED = lazy_gettext("A slug needs at least one letter.")

_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]+")
# anyascii spells Chinese as `ShenZhen`.
_NEXT_SYLLABLE = re.compile(r"(?<=[a-z])(?=[A-Z])")
# Within words, as of English, Arabic and Ukrainian.
_APOSTROPHE = re.compile("['`]")
_BETWEEN_WORDS = re.compile("[^a-z0-9]+")
_NUMBER = re.compile("[0-9-]+")


def slug_of(title: str) -> str:
    """The slug for a title, in lower-case Latin letters, digits and hyphens; never only a
    number."""
    slug = _spell(title)
    if not slug or _NUMBER.fullmatch(slug):
        return f"{PLAIN}-{slug}".rstrip("-")
    return f"{PLAIN}-{slug}" if slug in RESERVED else slug


def is_slug_of(slug: str, title: str) -> bool:
    """Whether a slug is made from this title, possibly with a number appended."""
    return re.fullmatch(f"{slug_of(title)}(-[0-9]+)?", slug) is not None


def _spell(text: str) -> str:
    latin = _BEYOND_ASCII.sub(lambda found: _NEXT_SYLLABLE.sub(" ", anyascii(found[0])), text)
    slug = _BETWEEN_WORDS.sub("-", _APOSTROPHE.sub("", latin).lower()).strip("-")
    if len(slug) <= LONGEST_SLUG:
        return slug
    words = slug[: LONGEST_SLUG + 1].rpartition("-")[0]
    return words or slug[:LONGEST_SLUG]


def _validate_slug(value: Any) -> Any:
    """Normalise and validate the slug that an author has chosen; `None` for an empty one."""
    if not isinstance(value, str) or not (text := value.strip()):
        return None if value == "" or isinstance(value, str) else value
    slug = _spell(text)
    if not slug:
        raise ValueError(NOT_SPELLED)
    if _NUMBER.fullmatch(slug):
        raise ValueError(IS_NUMBER)
    if slug in RESERVED:
        raise ValueError(IS_RESERVED)
    return slug


OwnSlug = Annotated[
    Annotated[str, Field(max_length=LONGEST_SLUG)] | None, BeforeValidator(_validate_slug)
]
