"""Replace what Hugo and Jekyll add to Markdown."""

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
_MORE = re.compile(r"^<!--\s*more\s*-->[ \t]*\n?", re.MULTILINE)
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
    text = _RELATIVE.sub(r"\1", _SITE.sub("", text))
    return _MORE.sub("", _HUGO_FIGURE.sub(_figure, text))


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
