"""Markdown to safe HTML: CommonMark by markdown-it-py, then sanitised by nh3.

What is written is not trusted, so the sanitiser has the last word: an allow-list of
elements and attributes. There are no images, which would tell a third party who reads.
"""

import nh3
from markdown_it import MarkdownIt

# Stored beside what was rendered; raise it with every change here that alters the result.
RENDERER_VERSION = 1

_BLOCKS = {
    "blockquote", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre",
    "table", "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip
_INLINES = {"a", "br", "code", "em", "s", "strong"}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}

_document = MarkdownIt("commonmark", {"html": False, "linkify": True}).enable(
    ["table", "strikethrough", "linkify"]
).disable("image")  # fmt: skip
_inline = MarkdownIt("zero", {"html": False, "linkify": True}).enable(
    ["emphasis", "strikethrough", "backticks", "link", "autolink", "linkify", "escape", "entity",
     "newline", "balance_pairs", "fragments_join"]
)  # fmt: skip


def render_document(source: str) -> str:
    """The HTML of a post: the whole of CommonMark, tables, strikethrough and bare links."""
    return _sanitise(_document.render(source), _BLOCKS | _INLINES)


def render_inline(source: str) -> str:
    """The HTML of a comment: paragraphs, emphasis, code and links."""
    return _sanitise(_inline.render(source), {"p"} | _INLINES)


def _sanitise(html: str, tags: set[str]) -> str:
    return nh3.clean(
        html,
        tags=tags,
        attributes=_ATTRIBUTES,
        url_schemes={"http", "https", "mailto"},
        link_rel="nofollow noopener ugc",
    )
