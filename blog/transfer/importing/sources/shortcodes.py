"""Replace what Hugo, Jekyll and kramdown add to Markdown."""

import re
from collections.abc import Callable

from blog.core.i18n import LazyText, lazy_gettext
from blog.core.text.code_blocks import change_outside_code
from blog.transfer.importing.images import attributes_of, markdown_image

_HUGO_FIGURE = re.compile(r"\{\{[<%]\s*figure\s+(.*?)/?\s*[>%]\}\}", re.DOTALL)
_HUGO_CODE = re.compile(
    r"\{\{[<%]\s*highlight\s+[\"']?([\w+#-]*).*?[>%]\}\}\n?(.*?)\n?"
    r"\{\{[<%]\s*/\s*highlight\s*[>%]\}\}",
    re.DOTALL,
)
_JEKYLL_CODE = re.compile(
    r"\{%-?\s*highlight\s+([\w+#-]*).*?%\}\n?(.*?)\n?\{%-?\s*endhighlight\s*-?%\}", re.DOTALL
)
_SITE = re.compile(r"\{\{\s*site\.(?:baseurl|url)\s*\}\}")
_RELATIVE = re.compile(
    r"\{\{\s*[\"']([^\"'{}]*)[\"']\s*\|\s*(?:relative_url|absolute_url|relURL|absURL)\s*\}\}"
)
# Hugo's videos, by id, and links to other posts, by their files.
_HUGO_VIDEO = re.compile(
    r"\{\{[<%]\s*(youtube|vimeo)\s+(?:id\s*=\s*)?[\"']?([\w-]{1,40})[\"']?[^{}]*[>%]\}\}"
)
_HUGO_POST = re.compile(r"\{\{[<%]\s*(?:rel)?ref\s+[\"']?([^\s\"'{}<>]+)[\"']?\s*[>%]\}\}")
_JEKYLL_POST = re.compile(r"\{%-?\s*(?:post_url|link)\s+([^\s{}]+)\s*-?%\}")
_JEKYLL_RAW = re.compile(r"\{%-?\s*(?:end)?raw\s*-?%\}")
# Attributes of kramdown, on a line of their own or after an element, and the id of a heading.
_CONTENTS = re.compile(r"^[*+-][ \t].*\n\{:[ \t]*toc[^{}\n]*\}[ \t]*$", re.MULTILINE)
_ATTRIBUTES = re.compile(
    r"^[ \t]*\{:[^{}\n]*\}[ \t]*(?:\n|\Z)|(?<=[)\]*_`])\{:[^{}\n]*\}", re.MULTILINE
)
_ID = re.compile(r"^(#{1,6}[ \t][^{}\n]*)\{:?[ \t]*#[^{}\n]*\}[ \t]*$", re.MULTILINE)
_MORE = re.compile(r"^<!--\s*more\s*-->[ \t]*\n?|<!--\s*more\s*-->", re.MULTILINE)
_VIDEOS = {"youtube": "https://www.youtube.com/watch?v=", "vimeo": "https://vimeo.com/"}
_REMAINING = re.compile(r"\{\{[<%]|\{%")
_HTML = re.compile(r"<(?:div|p|span|table|iframe|video|audio|details|center|br|a|sup|sub)\b[^<>]*>")

SHOWN = lazy_gettext(
    "It contains commands of its generator, such as {{< … >}}, which appear as plain text."
)
HTML_SHOWN = lazy_gettext("It contains HTML, which appears as plain text.")


def replace_shortcodes(text: str, remark: Callable[[LazyText], None]) -> str:
    """Replace the most common shortcodes by Markdown, and remark on the others."""
    text = change_outside_code(text, _replace_known)

    def check(part: str) -> str:
        if _REMAINING.search(part):
            remark(SHOWN)
        if _HTML.search(re.sub(r"`[^`\n]*`", "", part)):
            remark(HTML_SHOWN)
        return part

    change_outside_code(text, check)
    return text


def _replace_known(text: str) -> str:
    for pattern in (_HUGO_CODE, _JEKYLL_CODE):
        text = pattern.sub(_fenced_code, text)
    for pattern in (_RELATIVE, _HUGO_POST, _JEKYLL_POST):
        text = pattern.sub(r"\1", text)
    for pattern in (_SITE, _JEKYLL_RAW, _MORE):
        text = pattern.sub("", text)
    text = _ATTRIBUTES.sub("", _CONTENTS.sub("[toc]", text))
    text = _ID.sub(lambda found: found[1].rstrip(), text)
    text = _HUGO_VIDEO.sub(lambda found: f"<{_VIDEOS[found[1]]}{found[2]}>", text)
    return _HUGO_FIGURE.sub(_figure, text)


def _fenced_code(match: re.Match[str]) -> str:
    longest = max(map(len, re.findall("`+", match[2])), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{match[1]}\n{match[2]}\n{fence}"


def _figure(match: re.Match[str]) -> str:
    attributes = attributes_of(match[1])
    if not (address := attributes.get("src")):
        return match[0]
    caption = attributes.get("caption") or attributes.get("title") or ""
    return markdown_image(address, attributes.get("alt") or caption, caption)
