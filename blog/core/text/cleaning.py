"""Clean up text input.

Nothing visible changes. Text is normalised to NFC (Unicode Standard Annex 15), and control
characters are removed, as well as bidirectional embeddings and overrides, which can reverse text
that follows them on the page (Unicode Technical Report 36, 2.10). Directional marks and isolates
stay, because Hebrew and Arabic need them next to Latin letters and digits, and their effect ends
with the paragraph.
"""

import re
import unicodedata

_EMBEDDINGS = "\u202a-\u202e"
_ISOLATES = re.compile("[\u2066-\u2069]")
_END_OF_ISOLATE = "\u2069"
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
# The noncharacters U+FFFE and U+FFFF are forbidden in XML, and mean nothing.
_REMOVED = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f{_EMBEDDINGS}\ufffe\uffff]")
# XML 1.0, 2.2.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean_lines(text: str) -> str:
    """`text` with `\\n` as line break, tabs replaced by spaces, in NFC."""
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return unicodedata.normalize("NFC", _REMOVED.sub("", text))


def clean_line(text: str) -> str:
    """`text` as a single line, such as a name, in NFC.

    A name may be part of a paragraph, so unclosed isolates are removed.
    """
    line = " ".join(clean_lines(text).split("\n"))
    return line if _closes_isolates(line) else _ISOLATES.sub("", line)


def remove_forbidden(text: str) -> str:
    """`text` without the characters that an XML document cannot contain, not even escaped."""
    return _FORBIDDEN.sub("", text)


def _closes_isolates(line: str) -> bool:
    depth = 0
    for control in _ISOLATES.findall(line):
        depth += -1 if control == _END_OF_ISOLATE else 1
        if depth < 0:
            return False
    return depth == 0
