"""Markdown to safe HTML: CommonMark by markdown-it-py, then sanitised by nh3.

Input is not trusted: the sanitiser comes last, with an allow-list of elements and attributes.
Images would report readers to third parties, so only their alternative text is shown.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from html import escape

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, emphasis, image, strikethrough
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

from blog.core.text.autolinks import link_address, skip_text
from blog.core.text.cjk import beside_cjk
from blog.core.text.highlighting import CLASSES, highlighted, is_highlightable
from blog.core.text.visibility import shows_something

# Stored with rendered texts; raise it with every change that alters the output.
RENDERER_VERSION = 4

# The maximum work per text: the parser takes a step of about 10 µs at each line of a paragraph and
# each possible delimiter in it. An ordinary post of 64 KiB with a link and some emphasis in every
# line takes 14,000; 64 KiB of brackets would take 128,000.
STEPS = 100_000
# The parser recurses into images within the alternative text of images.
_DEEPEST_IMAGES = 5

# In characters per post; further code is not highlighted.
LONGEST_HIGHLIGHTED = 8000

_BLOCKS = {
    "blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_INLINES = {"a", "br", "code", "em", "s", "strong"}
_SCHEMES = {"http", "https", "mailto"}
# Matches nearly all URLs; the sanitiser decides about the others.
_ORDINARY_ADDRESS = re.compile(
    r"https?://(?:[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]{1,4})?(?:[/?#][!-~]*)?", re.ASCII
)


class TooComplexError(ValueError):
    """Rendering the text would take too long."""


def render_inline(source: str) -> str:
    """The HTML of a comment: paragraphs, emphasis, code and links.

    It is empty if nothing is visible.

    Raises:
        TooComplexError: it would take much longer than an ordinary text of maximum length.
    """
    return _rendered(_inline, _inline_cleaner, source)


def render_document(source: str) -> str:
    """The HTML of a post: CommonMark, tables, strikethrough, bare links, coloured code.

    Takes 0.1 s for an ordinary text of 64 KiB. The result is empty if nothing is visible, as in a
    text that consists of a link definition.

    Raises:
        TooComplexError: it would take much longer than an ordinary text of maximum length.
    """
    return _rendered(_document, _document_cleaner, source)


def _rendered(parser: MarkdownIt, cleaner: nh3.Cleaner, source: str) -> str:
    html = cleaner.clean(parser.render(source, {"steps": STEPS})).strip()
    return html if shows_something(html) else ""


class _Parser(MarkdownIt):
    """Shows URLs as they were written, and makes no link that the sanitiser would remove."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 (markdown-it's name)
        return _ORDINARY_ADDRESS.fullmatch(url) is not None or _is_kept(url)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 (markdown-it's name)
        return link


@lru_cache(maxsize=1024)
def _is_kept(address: str) -> bool:
    return "href=" in _link_cleaner.clean(f'<a href="{escape(address)}">a</a>')


def _spend_step(state: StateBlock | StateInline, *_where: object) -> bool:
    """A rule that never matches, called before the others to count steps."""
    state.env["steps"] -= 1
    if state.env["steps"] < 0:
        raise TooComplexError
    return False


def _place_headings(state: StateCore) -> None:
    """Shift the headings of a post so that the highest is <h2>, below the <h1> of the page.

    Many posts start with "##"; shifting by a fixed number would leave a gap in the levels.
    """
    headings = [token for token in state.tokens if token.type.startswith("heading_")]
    highest = min((int(token.tag[1]) for token in headings), default=0)
    for token in headings:
        token.tag = f"h{min(int(token.tag[1]) - highest + 2, 6)}"


def _align_cells(state: StateCore) -> None:
    """Align table cells by an attribute, as GitHub does, because inline styles are forbidden."""
    for token in state.tokens:
        if token.type in {"th_open", "td_open"} and (style := token.attrs.pop("style", None)):
            token.attrs["align"] = str(style).removeprefix("text-align:")


def _name_empty_links(state: StateCore) -> None:
    """Show the URL of a link without visible text, such as one around an image."""
    for block in state.tokens:
        children = block.children or []
        links = [number for number, token in enumerate(children) if token.type == "link_open"]
        for number in reversed(links):
            end = next(n for n in range(number, len(children)) if children[n].type == "link_close")
            if not any(token.content.strip() for token in children[number:end]):
                address = str(children[number].attrs["href"])
                children.insert(end, Token("text", "", 0, content=address))


def _image_of_limited_depth(state: StateInline, silent: bool) -> bool:
    depth = state.env.get("images", 0)
    if depth >= _DEEPEST_IMAGES:
        return False
    state.env["images"] = depth + 1
    try:
        return image(state, silent)
    finally:
        state.env["images"] = depth


def _render_image(
    renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    """Only the alternative text."""
    return escape(renderer.renderInlineAsText(tokens[idx].children or [], options, env))


def _render_fence(
    _renderer: RendererHTML, tokens: Sequence[Token], idx: int, _options: OptionsDict, env: EnvType
) -> str:
    """A fenced code block, highlighted if its language is known and it is not too long."""
    code, language = tokens[idx].content, tokens[idx].info.strip().partition(" ")[0]
    length = env.get("highlighted", 0) + len(code)
    if length <= LONGEST_HIGHLIGHTED and is_highlightable(code, language):
        env["highlighted"] = length
        html = highlighted(code, language)
    else:
        html = escape(code, quote=False)
    return f"<pre><code>{html}</code></pre>\n"


def _document_parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.block.ruler.before(
        "table", "budget", _spend_step,
        {"alt": ["paragraph", "reference", "blockquote", "list", "table"]},
    )  # fmt: skip
    parser.core.ruler.push("headings", _place_headings)
    parser.core.ruler.push("alignment", _align_cells)
    parser.add_render_rule("fence", _render_fence)
    return _with_own_inlines(parser)


def _inline_parser() -> MarkdownIt:
    parser = _Parser("zero", {"html": False}).enable(
        ["emphasis", "strikethrough", "backticks", "link", "image", "autolink", "escape",
         "entity", "newline", "balance_pairs", "fragments_join"]
    )  # fmt: skip
    return _with_own_inlines(parser)


def _with_own_inlines(parser: MarkdownIt) -> MarkdownIt:
    """The rules that posts and comments share."""
    inline = parser.inline.ruler
    inline.at("text", skip_text)
    inline.before("text", "budget", _spend_step)
    inline.after("text", "address", link_address)
    inline.at("emphasis", beside_cjk(emphasis.tokenize))
    inline.at("strikethrough", beside_cjk(strikethrough.tokenize))
    inline.at("image", _image_of_limited_depth)
    parser.core.ruler.push("empty links", _name_empty_links)
    parser.add_render_rule("image", _render_image)
    return parser


def _cleaner(tags: set[str]) -> nh3.Cleaner:
    attributes = {"a": {"href", "title"}, "ol": {"start"}, "td": {"align"}, "th": {"align"}}
    return nh3.Cleaner(
        tags=tags,
        attributes={tag: names for tag, names in attributes.items() if tag in tags},
        allowed_classes={"span": CLASSES} if "span" in tags else {},
        # Scrollable elements must be reachable by keyboard.
        set_tag_attribute_values={
            tag: {"tabindex": "0"} for tag in ("pre", "table") if tag in tags
        },
        url_schemes=_SCHEMES,
        link_rel="nofollow noopener ugc",
    )


_link_cleaner = _cleaner({"a"})
_document, _inline = _document_parser(), _inline_parser()
_document_cleaner = _cleaner({"span"} | _BLOCKS | _INLINES)
_inline_cleaner = _cleaner({"p"} | _INLINES)
