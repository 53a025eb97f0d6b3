r"""Fold the words of a text for search.

Case, accents, the vowels of Arabic and Hebrew, and compatibility forms of characters make no
difference. Where words are not separated, as in Chinese, pairs of characters are compared. The
database function `search_text` does the same with indexed texts; a test compares both.
"""

import re
import unicodedata
from collections.abc import Sequence

# Accents and vowels, and characters without a width.
MARKS = (
    r"[\u00AD\u0300-\u036F\u0483-\u0487\u0591-\u05BD\u05BF\u05C1\u05C2\u05C4\u05C5\u05C7\u05F3\u05F4"
    r"\u0610-\u061A\u0640\u064B-\u065F\u0670\u06D6-\u06DC\u06DF-\u06E8\u06EA-\u06ED"
    r"\u200B-\u200F\u202A-\u202E\u2060-\u2069\uFE00-\uFE0F\uFEFF]"
)
# Punctuation and symbols.
SEPARATORS = (
    r"[\u0001-\u002F\u003A-\u0040\u005B-\u0060\u007B-\u00BF\u00D7\u00F7\u02B0-\u02FF"
    r"\u0374\u0375\u037E\u0384\u0385\u0387\u055A-\u055F\u0589\u058A\u05BE\u05C0\u05C3\u05C6"
    r"\u0600-\u060F\u061B-\u061F\u066A-\u066D\u06D4\u06DD\u06DE\u06E9\u06FD\u06FE\u0700-\u070D"
    r"\u0964\u0965\u0970\u0E2F\u0E4F\u0E5A\u0E5B\u104A-\u104F\u10FB\u1360-\u1368\u17D4-\u17DB"
    r"\u1800-\u180A\u2000-\u206F\u20A0-\u20CF\u2100-\u2BFF\u2E00-\u2E7F\u2FF0-\u3004\u3008-\u3030"
    r"\u3036\u3037\u303D-\u303F\u309B\u309C\u30A0\u30FB\u3200-\u33FF\u4DC0-\u4DFF\uA490-\uA4CF"
    r"\uE000-\uF8FF\uFD3E\uFD3F\uFE10-\uFE6F\uFF00-\uFF20\uFFE0-\uFFFF\U0001D000-\U0001D3FF"
    r"\U0001F000-\U0001FAFF\U000E0000-\U0010FFFF]+"
)
# The letters of scripts in which words are not separated, and of Korean, in which they have
# particles.
UNSPACED = (
    r"\u0E01-\u0E2E\u0E30-\u0E4E\u0E81-\u0EDF\u1000-\u1049\u1050-\u109F\u1780-\u17D3\u3005-\u3007"
    r"\u3031-\u3035\u3040-\u309A\u309D-\u309F\u30A1-\u30FA\u30FC-\u312F\u3400-\u4DBF\u4E00-\u9FFF"
    r"\uAC00-\uD7A3\uF900-\uFAFF\U00020000-\U0003FFFF"
)
LETTERS = "øđłðıħςىة٠١٢٣٤٥٦٧٨٩۰۱۲۳۴۵۶۷۸۹"
FOLDED_LETTERS = "odldihσيه01234567890123456789"  # noqa: RUF001

_MARKS, _SEPARATORS = re.compile(MARKS), re.compile(SEPARATORS)
_RUN = re.compile(f"[{UNSPACED}]+|[^\\s{UNSPACED}]+")
_IS_UNSPACED = re.compile(f"[{UNSPACED}]")
_PLUS, _SHARP = re.compile(r"([a-z])\+\+(?![a-z0-9+])"), re.compile("([a-z])#(?![a-z0-9#])")
_LETTERS = str.maketrans(
    {
        **dict(zip(LETTERS, FOLDED_LETTERS, strict=True)),
        "ß": "ss", "æ": "ae", "œ": "oe", "þ": "th",
    }
)  # fmt: skip


def folded_words(text: str) -> list[str]:
    """The folded words of a text; unspaced characters in a row count as one word."""
    return _RUN.findall(fold(text))


def fold(text: str) -> str:
    """Fold the words of a text, and separate them with spaces."""
    if not text.isascii():
        text = unicodedata.normalize("NFKD", text)
        # A letter of its own, whose endings the stemmer knows.
        text = text.replace("и\u0306", "й").replace("И\u0306", "Й")
        text = _MARKS.sub("", text).lower().translate(_LETTERS)
        text = unicodedata.normalize("NFC", text)
    text = _PLUS.sub(r"\1plusplus", text.lower())
    return _SEPARATORS.sub(" ", _SHARP.sub(r"\1sharp", text))


def is_unspaced(word: str) -> bool:
    """Whether a folded word is written in a script that doesn't separate words."""
    return _IS_UNSPACED.match(word) is not None


def phrase(words: Sequence[str], *, is_typed: bool = False) -> str:
    """Build a `to_tsquery` expression for words that follow one another.

    Of unspaced characters, the pairs are indexed, and then the last one.

    Args:
        words: folded words.
        is_typed: whether the last one may be only the beginning of a word.
    """
    parts: list[str] = []
    for word in words:
        if not is_unspaced(word):
            parts += (f"'{word}'", "<->")
        elif len(word) == 1:
            parts += (f"'{word}':*", "<->")
        else:
            pairs = (f"'{word[at : at + 2]}'" for at in range(len(word) - 1))
            parts += (" <-> ".join(pairs), "<2>")
    if is_typed and not is_unspaced(words[-1]):
        parts[-2] += ":*"
    return f"({' '.join(parts[:-1])})"
