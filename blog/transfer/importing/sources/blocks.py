"""Convert the texts of WordPress to HTML: the classic editor's paragraphs, and shortcodes."""

import re
from html import escape

_BLOCK = re.compile(
    r"\s*</?(?:p|div|h[1-6]|ul|ol|li|table|blockquote|pre|figure|hr|section|article|dl|form"
    r"|iframe|video|audio|address|details|!--)\b",
    re.IGNORECASE,
)
_HAS_PARAGRAPHS = re.compile(r"<p[\s>]|<!-- wp:", re.IGNORECASE)
_PRE = re.compile(r"(<pre\b.*?</pre>)", re.DOTALL | re.IGNORECASE)
_BLANK = re.compile(r"\n[ \t]*\n\s*")
_CAPTION = re.compile(r"\[caption\b[^\]]*\](.*?)\[/caption\]", re.DOTALL)
_IMAGE = re.compile(r"(?:<a\b[^>]*>\s*)?<img\b[^>]*>(?:\s*</a>)?")
_EMBED = re.compile(r"\[embed\b[^\]]*\](.*?)\[/embed\]", re.DOTALL)
_CODE = re.compile(r"\[(?:source)?code\b([^\]]*)\]\n?(.*?)\n?\[/(?:source)?code\]", re.DOTALL)
_LANGUAGE = re.compile(r"lang(?:uage)?=[\"']?([\w+#-]+)")


def add_paragraphs(text: str) -> str:
    """Add the paragraph tags that the classic editor leaves out, and replace shortcodes by HTML."""
    text = text.replace("\r\n", "\n")
    text = _CODE.sub(_code_block, _EMBED.sub(r"<p>\1</p>", _CAPTION.sub(_figure, text)))
    if _HAS_PARAGRAPHS.search(text):
        return text
    parts = _PRE.split(text)
    return "".join(
        part if index % 2 else _wrap_paragraphs(part) for index, part in enumerate(parts)
    )


def _wrap_paragraphs(text: str) -> str:
    blocks = (block.strip("\n") for block in _BLANK.split(text))
    return "\n".join(
        block if _BLOCK.match(block) else "<p>" + block.replace("\n", "<br>\n") + "</p>"
        for block in blocks
        if block.strip()
    )


def _figure(match: re.Match[str]) -> str:
    if not (image := _IMAGE.search(match[1])):
        return match[1]
    caption = match[1].replace(image[0], "").strip()
    return f"<figure>{image[0]}<figcaption>{caption}</figcaption></figure>"


def _code_block(match: re.Match[str]) -> str:
    language = _LANGUAGE.search(match[1])
    kind = f' class="language-{language[1]}"' if language else ""
    # The block editor escapes HTML, the classic editor doesn't.
    code = match[2] if "&lt;" in match[2] else escape(match[2], quote=False)
    return f"<pre{kind}>{code}</pre>"
