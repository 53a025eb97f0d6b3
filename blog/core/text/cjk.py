"""Emphasis in Chinese, Japanese and Korean, which are written without spaces.

By CommonMark 6.2, a delimiter after punctuation closes emphasis only before a space or more
punctuation, so `**真。**她` would not be emphasised. This condition is lifted next to a CJK
character; https://github.com/commonmark/commonmark-spec/issues/650 has many examples.
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
    """Whether the character is a CJK letter or punctuation mark; emoji are not."""
    if character.isascii():
        return False
    if any(first <= character <= last for first, last in _JAMO):
        return True
    if unicodedata.east_asian_width(character) not in "WFH":
        return False
    is_symbol = unicodedata.category(character) in {"So", "Sk"}
    return not is_symbol or "\u2e80" <= character <= "\uffff"


def beside_cjk(rule: InlineRule) -> InlineRule:
    """Let `*` and `~~` open and close next to CJK characters; not `_`, which occurs within
    words."""

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
