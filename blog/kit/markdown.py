"""Markdown to safe HTML: CommonMark by markdown-it-py, then sanitised by nh3.

What is written is not trusted, so the sanitiser has the last word: an allow-list of
elements and attributes. There are no images, which would tell a third party who reads.
"""

import re
from collections.abc import Sequence
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from blog.kit.highlighting import CLASSES, highlighted, is_highlightable

# Stored beside what was rendered; raise it with every change here that alters the result.
RENDERER_VERSION = 3

# How much work a text may be. The parser takes a step at each place that it looks at, of about
# 5 µs; what costs more, or is only seen when much has been done already, is charged for
# beforehand. A post of 64 KiB with a link and some emphasis in every line costs 30,000 and
# takes 0.1 s; 64 KiB of brackets would cost 450,000.
STEPS = 31_000
_CHARGES = [
    (re.compile(r"[\n|]"), 2),
    (re.compile(r"\[|://|@|www\."), 5),
    (re.compile(r"[*_~]"), 1),
]
# To see whether a colon ends a scheme (https:), the parser searches what comes before it.
LETTERS_SEARCHED_IN_A_STEP = 100

# Of one post; the rest stays black and white.
LONGEST_HIGHLIGHTED = 8000

_BLOCKS = {
    "blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_INLINES = {"a", "br", "code", "em", "s", "strong"}


class TooIntricateError(ValueError):
    """A text of such a kind that rendering it would take too long."""


def render_inline(source: str) -> str:
    """The HTML of a comment: paragraphs, emphasis, code and links."""
    return _inline_cleaner.clean(_inline.render(source))


def render_document(source: str) -> str:
    """The HTML of a post: CommonMark, tables, strikethrough, bare links, coloured code.

    It takes a tenth of a second for an ordinary text of 64 KiB.

    Raises:
        TooIntricateError: it would take much longer than an ordinary text of the same length.
    """
    budget: EnvType = {"steps": STEPS}
    _spend(budget, sum(steps * len(what.findall(source)) for what, steps in _CHARGES))
    return _document_cleaner.clean(_document.render(source, budget))


def _take_block_step(state: StateBlock, _start: int, _end: int, _silent: bool) -> bool:
    _spend(state.env, 1)
    return False


def _take_inline_step(state: StateInline, _silent: bool) -> bool:
    searched = len(state.pending) if state.src[state.pos] == ":" else 0
    _spend(state.env, 1 + searched // LETTERS_SEARCHED_IN_A_STEP)
    return False


def _spend(budget: EnvType, steps: int) -> None:
    budget["steps"] -= steps
    if budget["steps"] < 0:
        raise TooIntricateError


def _place_headings(state: StateCore) -> None:
    """Let the highest headings of a post be <h2>: the page has an <h1>, and the post is below it.

    The others follow at their distance. So no level is left out between the page and a post
    that begins with "##", as many do.
    """
    headings = [token for token in state.tokens if token.type.startswith("heading_")]
    highest = min((int(token.tag[1]) for token in headings), default=0)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) - highest + 2, 6)}"


def _render_fence(
    _renderer: RendererHTML, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType
) -> str:
    """A fenced block of code, coloured if it says its language and there is not too much."""
    code, language = tokens[idx].content, tokens[idx].info.strip().partition(" ")[0]
    length = env.get("highlighted", 0) + len(code)
    if length <= LONGEST_HIGHLIGHTED and is_highlightable(code, language):
        env["highlighted"] = length
        html = highlighted(code, language)
    else:
        html = escape(code, quote=False)
    return f"<pre><code>{html}</code></pre>\n"


def _document_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True})
    parser.enable(["table", "strikethrough", "linkify"]).disable("image")
    # A rule that never matches is asked at each place before any other.
    parser.block.ruler.before("table", "budget", _take_block_step)
    parser.inline.ruler.before("text", "budget", _take_inline_step)
    parser.core.ruler.push("headings", _place_headings)
    parser.add_render_rule("fence", _render_fence)
    return parser


def _inline_parser() -> MarkdownIt:
    return MarkdownIt("zero", {"html": False, "linkify": True}).enable(
        ["emphasis", "strikethrough", "backticks", "link", "autolink", "linkify", "escape",
         "entity", "newline", "balance_pairs", "fragments_join"]
    )  # fmt: skip


def _cleaner(tags: set[str]) -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=tags,
        attributes={"a": {"href", "title"}, "ol": {"start"}},
        allowed_classes={"span": CLASSES} if "span" in tags else {},
        # What scrolls sideways has to be reachable by keyboard.
        set_tag_attribute_values={
            tag: {"tabindex": "0"} for tag in ("pre", "table") if tag in tags
        },
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener ugc",
    )


_document, _inline = _document_parser(), _inline_parser()
_document_cleaner = _cleaner({"span"} | _BLOCKS | _INLINES)
_inline_cleaner = _cleaner({"p"} | _INLINES)
