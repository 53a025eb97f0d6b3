"""Fenced code with syntax highlighting and marked lines: ```` ```python {2,4-6} ````."""

import re
from collections.abc import Collection, Sequence
from html import escape

from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from blog.core.text.highlighting import highlight_code, is_highlightable

# In characters per post; further code is not highlighted.
LONGEST_HIGHLIGHTED = 8000

_INFO = re.compile(r"\s*([^\s{]*)[^{]*(?:\{([\d,\s-]{1,100})\})?")
_LINES = re.compile(r"(\d{1,5})(?:\s*-\s*(\d{1,5}))?")


def render_fence(
    _renderer: RendererHTML, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType
) -> str:
    """Render a fenced code block, highlighted if its language is known and it is not too long."""
    code = tokens[idx].content
    info = _INFO.match(tokens[idx].info)
    language, marked = (info[1], info[2]) if info else ("", None)
    if len(code) <= env["highlightable"] and is_highlightable(code, language):
        env["highlightable"] -= len(code)
        html = highlight_code(code, language)
    else:
        html = escape(code, quote=False)
    if marked:
        html = _mark_lines(html, _numbers(marked, html.count("\n")))
    return f"<pre><code>{html}</code></pre>\n"


def _numbers(marked: str, last: int) -> set[int]:
    """The numbers of the marked lines, at most `last`: {2, 4, 5, 6} for "2,4-6"."""
    numbers: set[int] = set()
    for begin, end in _LINES.findall(marked):
        numbers.update(range(int(begin), min(int(end or begin), last) + 1))
    return numbers


def _mark_lines(html: str, numbers: Collection[int]) -> str:
    """Put some lines into `<mark>`; the highlighter's elements end at the end of each line."""
    *lines, rest = html.split("\n")
    marked = (
        f"<mark>{line}\n</mark>" if number in numbers else f"{line}\n"
        for number, line in enumerate(lines, 1)
    )
    return "".join(marked) + rest
