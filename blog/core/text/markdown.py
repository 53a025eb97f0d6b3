"""Markdown to safe HTML: CommonMark by markdown-it-py, then sanitised by nh3.

Input is not trusted: the sanitiser comes last, with an allow-list of elements and attributes.
Images of other sites become links, because they would report readers to those sites.
"""

import re
from typing import Any

import nh3
from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, emphasis, image, strikethrough
from markdown_it.token import Token
from mdit_py_plugins.deflist import deflist_plugin

from blog.core.text import sanitising
from blog.core.text.autolinks import link_address, skip_text
from blog.core.text.cjk import beside_cjk
from blog.core.text.images import Images, find_images, link_foreign_images, render_image
from blog.core.text.syntax import code, footnotes, headings, marks, math
from blog.core.text.syntax.admonitions import make_admonitions
from blog.core.text.syntax.budget import spend_step
from blog.core.text.syntax.contents import insert_contents
from blog.core.text.syntax.mentions import People, link_mentions
from blog.core.text.syntax.tasks import mark_tasks
from blog.core.text.visibility import shows_something

# Stored with rendered texts; raise it with every change that alters the output.
RENDERER_VERSION = 8

# The maximum work per text: the parser takes a step of about 10 µs at each line of a paragraph and
# each possible delimiter in it. An ordinary post of 64 KiB with a link and some emphasis in every
# line takes 14,000; 64 KiB of brackets would take 128,000.
STEPS = 100_000
# Further limits of a text, in characters. Comments are shorter, and a page shows many.
_POST_BUDGET = {"highlightable": code.LONGEST_HIGHLIGHTED, "maths": math.LONGEST_MATHS}
_COMMENT_BUDGET = {"highlightable": 1_000, "maths": 1_000}
# The blocks that rules for blocks that may begin at any line can interrupt.
_INTERRUPTING: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list", "table"]}
# The parser recurses into images within the alternative text of images.
_DEEPEST_IMAGES = 5

# Matches nearly all URLs; the sanitiser decides about the others.
_ORDINARY_ADDRESS = re.compile(
    r"https?://(?:[a-z0-9-]+\.)+[a-z]{2,}(?::[0-9]{1,4})?(?:[/?#][!-~]*)?", re.ASCII
)


def render_inline(source: str, people: People | None = None) -> str:
    """Render a comment: paragraphs, quotations, lists, code, formulas, emphasis and links.

    The HTML is empty if nothing would be visible.

    Args:
        source: Markdown.
        people: the people it may mention (`syntax/mentions.py`).

    Raises:
        TooComplexError: it would take much longer than an ordinary text of maximum length.
    """
    budget = {**_COMMENT_BUDGET, "people": people or {}}
    return _render(_comment, sanitising.COMMENT, source, budget)


def render_document(source: str, images: Images | None = None, people: People | None = None) -> str:
    """Render a post: CommonMark, and the extensions shown by `templates/posts/markdown.html`.

    Takes 0.1 s for an ordinary text of 64 KiB. The HTML is empty if nothing would be visible, as in
    a text that consists of a link definition.

    Args:
        source: Markdown.
        images: facts about its images of this site (`images.py`).
        people: the people it may mention (`syntax/mentions.py`).

    Raises:
        TooComplexError: it would take much longer than an ordinary text of maximum length.
    """
    budget = {**_POST_BUDGET, "media": images or {}, "people": people or {}}
    return _render(_post, sanitising.POST, source, budget)


def _render(parser: MarkdownIt, cleaner: nh3.Cleaner, source: str, budget: dict[str, Any]) -> str:
    html = cleaner.clean(parser.render(source, {"steps": STEPS, **budget})).strip()
    return html if shows_something(html) else ""


class _Parser(MarkdownIt):
    """Shows URLs as written, and creates no link that the sanitiser would remove."""

    def validateLink(self, url: str) -> bool:  # noqa: N802 (markdown-it's name)
        return _ORDINARY_ADDRESS.fullmatch(url) is not None or sanitising.keeps_address(url)

    def normalizeLinkText(self, link: str) -> str:  # noqa: N802 (markdown-it's name)
        return link


def _align_cells(state: StateCore) -> None:
    """Align table cells with an attribute, as GitHub does, because inline styles are forbidden."""
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


def _post_parser() -> MarkdownIt:
    parser = _Parser("commonmark", {"html": False}).enable(["table", "strikethrough"])
    parser.use(deflist_plugin)
    block, core = parser.block.ruler, parser.core.ruler
    block.before("reference", "footnote", footnotes.define, {"alt": ["paragraph", "reference"]})
    block.before("table", "budget", spend_step, _INTERRUPTING)
    parser.inline.ruler.before("link", "footnote", footnotes.refer)
    core.before("inline", "admonitions", make_admonitions)
    core.push("footnotes", footnotes.place)
    core.push("heading levels", headings.place_headings)
    core.push("heading ids", headings.name_headings)
    core.push("contents", insert_contents)
    core.push("images", find_images)
    core.push("alignment", _align_cells)
    parser.add_render_rule("footnote_ref", footnotes.render_reference)
    return _add_own_rules(parser)


def _comment_parser() -> MarkdownIt:
    parser = _Parser("zero", {"html": False}).enable(
        ["blockquote", "list", "fence", "emphasis", "strikethrough", "backticks", "link", "image",
         "autolink", "escape", "entity", "newline", "balance_pairs", "fragments_join"]
    )  # fmt: skip
    parser.block.ruler.before("fence", "budget", spend_step, _INTERRUPTING)
    return _add_own_rules(parser)


def _add_own_rules(parser: MarkdownIt) -> MarkdownIt:
    """Add the rules that posts and comments share."""
    inline, second_pass = parser.inline.ruler, parser.inline.ruler2
    parser.block.ruler.before("fence", "formula", math.displayed_formula, _INTERRUPTING)
    inline.at("text", skip_text)
    inline.before("text", "budget", spend_step)
    inline.after("text", "address", link_address)
    inline.at("emphasis", beside_cjk(emphasis.tokenize))
    inline.at("strikethrough", beside_cjk(strikethrough.tokenize))
    inline.after("strikethrough", "mark", beside_cjk(marks.tokenize))
    inline.after("backticks", "formula", math.inline_formula)
    inline.at("image", _image_of_limited_depth)
    second_pass.after("emphasis", "mark", marks.pair)
    parser.core.ruler.before("text_join", "mentions", link_mentions)
    parser.core.ruler.push("tasks", mark_tasks)
    parser.core.ruler.push("foreign images", link_foreign_images)
    parser.core.ruler.push("empty links", _name_empty_links)
    for kind in ("math", "math_block"):
        parser.add_render_rule(kind, math.render)
    parser.add_render_rule("fence", code.render_fence)
    parser.add_render_rule("image", render_image)
    return parser


_post, _comment = _post_parser(), _comment_parser()
