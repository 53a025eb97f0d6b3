"""The texts of WordPress to HTML: paragraphs of the classic editor, and shortcodes."""

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


def paragraphs(text: str) -> str:
    """HTML as WordPress shows it: the classic editor leaves out the tags of paragraphs."""
    text = text.replace("\r\n", "\n")
    text = _CODE.sub(_block_of_code, _EMBED.sub(r"<p>\1</p>", _CAPTION.sub(_figure, text)))
    if _HAS_PARAGRAPHS.search(text):
        return text
    parts = _PRE.split(text)
    return "".join(part if place % 2 else _wrapped(part) for place, part in enumerate(parts))


def _wrapped(text: str) -> str:
    blocks = (block.strip("\n") for block in _BLANK.split(text))
    return "\n".join(
        block if _BLOCK.match(block) else "<p>" + block.replace("\n", "<br>\n") + "</p>"
        for block in blocks
        if block.strip()
    )


def _figure(found: re.Match[str]) -> str:
    if not (image := _IMAGE.search(found[1])):
        return found[1]
    caption = found[1].replace(image[0], "").strip()
    return f"<figure>{image[0]}<figcaption>{caption}</figcaption></figure>"


def _block_of_code(found: re.Match[str]) -> str:
    language = _LANGUAGE.search(found[1])
    kind = f' class="language-{language[1]}"' if language else ""
    # The block editor has escaped the signs of HTML, the classic one has not.
    code = found[2] if "&lt;" in found[2] else escape(found[2], quote=False)
    return f"<pre{kind}>{code}</pre>"
