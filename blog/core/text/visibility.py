"""Whether there is anything to see."""

import re
import unicodedata
from html import unescape

# An attribute may hold ">".
_TAG = re.compile(r'<(?:[^>"]|"[^"]*")*>')
_SEEN_WITHOUT_TEXT = "<hr"
_UNSEEN_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
# Letters and marks that are not seen: default ignorable code points (DerivedCoreProperties.txt)
# of other categories, and the blank pattern of Braille.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def shows_something(html: str) -> bool:
    """Whether a reader sees anything of sanitised HTML: a letter, a sign, or a rule."""
    if _SEEN_WITHOUT_TEXT in html:
        return True
    return any(map(_is_seen, unescape(_TAG.sub("", html))))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character) not in _UNSEEN_CATEGORIES and not _UNSEEN.match(
        character
    )
