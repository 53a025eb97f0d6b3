"""Detection of texts without visible characters."""

import re
import unicodedata
from html import unescape

# Attribute values may contain ">".
TAG = re.compile(r'<(?:[^>"]|"[^"]*")*>')
_SEEN_WITHOUT_TEXT = ("<hr", "<img")
_UNSEEN_CATEGORIES = {"Cc", "Cf", "Cs", "Zl", "Zp", "Zs"}
# Invisible letters and marks: default ignorable code points (DerivedCoreProperties.txt) of other
# categories, and the blank Braille pattern.
_UNSEEN = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef]"
)


def shows_something(html: str) -> bool:
    """Whether sanitised HTML has anything visible: a character, an image or a horizontal rule."""
    if any(tag in html for tag in _SEEN_WITHOUT_TEXT):
        return True
    return any(map(is_seen, unescape(TAG.sub("", html))))


def is_seen(character: str) -> bool:
    """Whether a character is visible by itself, unlike spaces and joiners."""
    return unicodedata.category(character) not in _UNSEEN_CATEGORIES and not _UNSEEN.match(
        character
    )
