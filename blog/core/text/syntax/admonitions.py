"""Admonitions: quotations that begin with a line like `[!NOTE]`, as on GitHub."""

import re
from collections.abc import Iterator

from markdown_it.rules_core import StateCore
from markdown_it.token import Token

KINDS = ("note", "tip", "important", "warning", "caution")

_FIRST_LINE = re.compile(rf"\[!({'|'.join(KINDS)})\][ \t]*(?:\n|$)", re.IGNORECASE)


def make_admonitions(state: StateCore) -> None:
    """A core rule before "inline": turn quotations with such a line into admonitions."""
    if "[!" in state.src:
        state.tokens = list(_convert(state.tokens))


def _convert(tokens: list[Token]) -> Iterator[Token]:
    admonitions: list[bool] = []  # of the open quotations
    skipped_until = 0
    for number, token in enumerate(tokens):
        if token.type == "blockquote_open":
            kind, length = _parse_start(tokens, number)
            admonitions.append(bool(kind))
            if kind:
                token.tag = "div"
                token.attrs |= {"class": f"admonition {kind}", "role": "note"}
                yield token
                yield from _title(kind.capitalize())
                skipped_until = number + length
                continue
        elif token.type == "blockquote_close" and admonitions.pop():
            token.tag = "div"
        if number >= skipped_until:
            yield token


def _parse_start(tokens: list[Token], number: int) -> tuple[str, int]:
    """The kind of admonition that a quotation is, and how many tokens to skip.

    It is empty for an ordinary quotation, and for one with nothing below that line.
    """
    if tokens[number + 1].type != "paragraph_open":
        return "", 0
    inline = tokens[number + 2]
    if (found := _FIRST_LINE.match(inline.content)) is None:
        return "", 0
    inline.content = inline.content[found.end() :]
    if inline.content:
        return found[1].lower(), 0
    if tokens[number + 4].type == "blockquote_close":
        inline.content = found[0]
        return "", 0
    return found[1].lower(), 4


def _title(text: str) -> Iterator[Token]:
    yield Token("paragraph_open", "p", 1, block=True, attrs={"class": "admonition-title"})
    yield Token("inline", "", 0, block=True, content=text, children=[])
    yield Token("paragraph_close", "p", -1, block=True)
