"""What Hugo and Jekyll have in their texts that is no Markdown."""

import re
from collections.abc import Callable

from blog.core.i18n import LazyText, lazy_gettext
from blog.core.text.code_blocks import outside_code
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
_LEFT = re.compile(r"\{\{[<%]|\{%")
_HTML = re.compile(r"<(?:div|p|span|table|iframe|video|audio|details|center|br|a|sup|sub)\b[^<>]*>")

SHOWN = lazy_gettext(
    "It contains commands of its generator, such as {{< … >}}, which appear as plain text."
)
HTML_SHOWN = lazy_gettext("It contains HTML, which appears as plain text.")


def without_shortcodes(text: str, remark: Callable[[LazyText], None]) -> str:
    """A text with Markdown for the most common ones; the others are remarked on."""
    text = outside_code(text, _replaced)

    def look(part: str) -> str:
        if _LEFT.search(part):
            remark(SHOWN)
        if _HTML.search(re.sub(r"`[^`\n]*`", "", part)):
            remark(HTML_SHOWN)
        return part

    outside_code(text, look)
    return text


def _replaced(text: str) -> str:
    for pattern in (_HUGO_CODE, _JEKYLL_CODE):
        text = pattern.sub(_fenced, text)
    text = _RELATIVE.sub(r"\1", _SITE.sub("", text))
    return _MORE.sub("", _HUGO_FIGURE.sub(_figure, text))


def _fenced(found: re.Match[str]) -> str:
    longest = max(map(len, re.findall("`+", found[2])), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{found[1]}\n{found[2]}\n{fence}"


def _figure(found: re.Match[str]) -> str:
    given = attributes_of(found[1])
    if not (address := given.get("src")):
        return found[0]
    caption = given.get("caption") or given.get("title") or ""
    return markdown_image(address, given.get("alt") or caption, caption)
