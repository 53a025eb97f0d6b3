"""`==marked==` text.

Two equals signs are a delimiter by the rules of `__` in CommonMark (6.2), so that `a==b` stays as
it is. Any other number of them is text.
"""

from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline.state_inline import Delimiter

_SIGN = "="


def tokenize(state: StateInline, silent: bool) -> bool:
    """An inline rule: parse equals signs."""
    if silent or state.src[state.pos] != _SIGN:
        return False
    scanned = state.scanDelims(state.pos, False)
    if scanned.length == 2:
        state.push("text", "", 0).content = 2 * _SIGN
        state.delimiters.append(
            Delimiter(
                marker=ord(_SIGN),
                length=0,
                token=len(state.tokens) - 1,
                end=-1,
                open=scanned.can_open,
                close=scanned.can_close,
            )
        )
    else:
        state.append_pending(scanned.length * _SIGN)
    state.pos += scanned.length
    return True


def pair(state: StateInline) -> None:
    """A rule of the second pass: turn matching delimiters into elements."""
    _pair_up(state, state.delimiters)
    for meta in state.tokens_meta:
        if meta and "delimiters" in meta:
            _pair_up(state, meta["delimiters"])


def _pair_up(state: StateInline, delimiters: list[Delimiter]) -> None:
    for opener in delimiters:
        if opener.marker == ord(_SIGN) and opener.end != -1:
            closer = delimiters[opener.end]
            for delimiter, kind, nesting in ((opener, "open", 1), (closer, "close", -1)):
                token = state.tokens[delimiter.token]
                token.type, token.tag, token.content = f"mark_{kind}", "mark", ""
                token.nesting = nesting  # type: ignore[assignment]
