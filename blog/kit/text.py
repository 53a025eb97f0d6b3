"""Texts as people type them, without what would disturb those who read them.

Nothing visible is changed. NFC makes equal what looks equal (Unicode Standard Annex 15);
control characters have no place in a text, and the controls of the bidirectional algorithm
can turn round what stands after them on a page (Unicode Technical Report 36, 2.10).
"""

import re
import unicodedata

_BIDI_CONTROLS = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_DISTURBING = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f{_BIDI_CONTROLS}]")


def clean_lines(text: str) -> str:
    """`text` with its lines ended by `\\n`, tabs turned into spaces, in NFC."""
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return unicodedata.normalize("NFC", _DISTURBING.sub("", text))


def clean_line(text: str) -> str:
    """`text` as one line, such as a name, in NFC."""
    return " ".join(clean_lines(text).split("\n"))
