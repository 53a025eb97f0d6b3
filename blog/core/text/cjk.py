"""Emphasis in Chinese, Japanese and Korean, which put no spaces between words.

CommonMark 6.2 lets punctuation end emphasis only before a space or other punctuation, so that
`**真。**她` would stay as it is. Beside a character of these scripts that condition does not hold
here; https://github.com/commonmark/commonmark-spec/issues/650 has many examples.
"""

import unicodedata
from collections.abc import Callable
from functools import lru_cache

from markdown_it.common.utils import isWhiteSpace
from markdown_it.rules_inline import StateInline

InlineRule = Callable[[StateInline, bool], bool]

_JAMO = (("\u1100", "\u11ff"), ("\ua960", "\ua97f"), ("\ud7b0", "\ud7ff"))


@lru_cache(maxsize=4096)
def is_cjk(character: str) -> bool:
    """Whether it is a letter or punctuation mark of these scripts; emoji are not."""
    if character.isascii():
        return False
    if any(first <= character <= last for first, last in _JAMO):
        return True
    if unicodedata.east_asian_width(character) not in "WFH":
        return False
    is_symbol = unicodedata.category(character) in {"So", "Sk"}
    return not is_symbol or "\u2e80" <= character <= "\uffff"


def beside_cjk(rule: InlineRule) -> InlineRule:
    """Let a rule for `*` or `~~` (not `_`, which may stand within words) open and close there."""

    def adjusted(state: StateInline, silent: bool) -> bool:
        start, known = state.pos, len(state.delimiters)
        if not rule(state, silent):
            return False
        before = state.src[start - 1] if start else " "
        after = state.src[state.pos] if state.pos < state.posMax else " "
        if state.src[start] != "_" and (is_cjk(before) or is_cjk(after)):
            for delimiter in state.delimiters[known:]:
                delimiter.open = not isWhiteSpace(ord(after))
                delimiter.close = not isWhiteSpace(ord(before))
        return True

    return adjusted
