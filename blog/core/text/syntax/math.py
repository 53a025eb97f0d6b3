r"""Formulas in LaTeX: `$a^2$` within a line, `$$` … `$$` between two.

An opening dollar sign is not followed by a space, nor preceded by a letter or digit. A closing one
is not preceded by a space, nor followed by a letter or digit. So "$5 and $6" is not a formula.
"""

import re
from collections.abc import Sequence
from html import escape

from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from blog.core.text.mathml import LONGEST_FORMULA, mathml
from blog.core.text.syntax.budget import spend_step

SIGN = "$"
# In characters per post; further formulas are shown as source.
LONGEST_MATHS = 8_000

_FORMULA = re.compile(
    rf"(\$\$?)(?![\s$])((?:[^$\\]|\\.){{1,{LONGEST_FORMULA}}})(?<!\s)\1(?![\w$])", re.DOTALL
)


def inline_formula(state: StateInline, silent: bool) -> bool:
    """An inline rule: parse a formula within a line. Like code, it contains no other syntax."""
    position = state.pos
    if state.src[position] != SIGN or (
        position and (state.src[position - 1].isalnum() or state.src[position - 1] == SIGN)
    ):
        return False
    found = _FORMULA.match(state.src, position, state.posMax)
    if found is None:
        return False
    if not silent:
        token = state.push("math", "", 0)
        token.markup, token.content = found[1], found[2]
    state.pos = found.end()
    return True


def displayed_formula(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block rule: parse a formula on lines of its own, none of which is empty."""
    begin = state.bMarks[start] + state.tShift[start]
    if not state.src.startswith(2 * SIGN, begin) or state.is_code_block(start):
        return False
    first, line = _line(state, start)[2:], start
    last = first
    while SIGN not in last:
        line += 1
        spend_step(state)
        if line >= end or state.isEmpty(line) or state.sCount[line] < state.blkIndent:
            return False
        last = _line(state, line)
    last = last.rstrip()
    if not last.endswith(2 * SIGN) or last.count(SIGN) > 2:
        return False
    if not silent:
        if line == start:
            content = last[:-2]
        else:
            between = state.getLines(start + 1, line, state.blkIndent, keepLastLF=True)
            content = f"{first}\n{between}{last[:-2]}"
        token = state.push("math_block", "", 0)
        token.markup, token.content, token.map = 2 * SIGN, content, [start, line + 1]
        state.line = line + 1
    return True


def render(
    _renderer: RendererHTML, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType
) -> str:
    """Render MathML, or the source if it can't be parsed."""
    token = tokens[idx]
    source, is_displayed = token.content.strip(), token.markup == 2 * SIGN
    env["maths"] -= len(source)
    html = mathml(source, is_displayed=is_displayed) if env["maths"] >= 0 else None
    if html is None:
        html = f"<code>{escape(token.markup + source + token.markup, quote=False)}</code>"
    return f"<p>{html}</p>\n" if token.type == "math_block" else html


def _line(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]
