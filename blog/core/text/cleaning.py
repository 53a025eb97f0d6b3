"""Texts as people type them, without what would disturb those who read them.

Nothing visible is changed. NFC makes equal what looks equal (Unicode Standard Annex 15);
control characters have no place in a text. Of the controls of the bidirectional algorithm, those
that embed and override can turn round what stands after them on a page (Unicode Technical Report
36, 2.10), and are taken out. The marks and isolates stay, which Hebrew and Arabic need beside
Latin letters and digits; what they do ends with the paragraph.
"""

import re
import unicodedata

_EMBEDDINGS = "\u202a-\u202e"
_ISOLATES = re.compile("[\u2066-\u2069]")
_END_OF_ISOLATE = "\u2069"
_LINE_ENDS = re.compile("\r\n|[\r\v\f\x85\u2028\u2029]")
_DISTURBING = re.compile(f"[\x00-\x09\x0b-\x1f\x7f-\x9f{_EMBEDDINGS}]")


def clean_lines(text: str) -> str:
    """`text` with its lines ended by `\\n`, tabs turned into spaces, in NFC."""
    text = _LINE_ENDS.sub("\n", text).replace("\t", " ")
    return unicodedata.normalize("NFC", _DISTURBING.sub("", text))


def clean_line(text: str) -> str:
    """`text` as one line, such as a name, in NFC.

    A name may stand in the middle of a paragraph, so an isolate in it has to end in it.
    """
    line = " ".join(clean_lines(text).split("\n"))
    return line if _isolates_end(line) else _ISOLATES.sub("", line)


def _isolates_end(line: str) -> bool:
    depth = 0
    for control in _ISOLATES.findall(line):
        depth += -1 if control == _END_OF_ISOLATE else 1
        if depth < 0:
            return False
    return depth == 0
