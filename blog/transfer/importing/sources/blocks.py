"""Convert WordPress's texts to HTML: the classic editor's paragraphs, shortcodes and footnotes."""

import re
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

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
_VIDEO = re.compile(
    r"\[(?:youtube|vimeo|soundcloud|dailymotion|tweet)[ =](https?://[^\[\]\s]+)(?:\s[^\[\]]*)?\]"
)
_GALLERY = re.compile(r"\[gallery\b([^\[\]]*)\]")
_IDS = re.compile(r"\bids=[\"']?([0-9, ]+)")
MOST_PICTURES = 300
_NOTE = re.compile(r"<sup\b[^<>]*\bdata-fn=\"([^\"<>]+)\"[^<>]*><a\b[^<>]*>[^<]*</a></sup>")
_SHORTCODE = re.compile(r"(?<!\[)\[([a-z][\w-]{1,40})(\s[^\[\]=]*=[^\[\]]*)?\](?!\])")
_END = re.compile(r"\[/([a-z][\w-]{1,40})\]")


class Picture(NamedTuple):
    """An image of the media library.

    Attributes:
        parent: the id of the post that it was uploaded for.
    """

    url: str
    alt: str
    caption: str
    parent: str


def add_paragraphs(text: str, gallery: Callable[[Sequence[str]], Sequence[Picture]]) -> str:
    """Add the paragraph tags that the classic editor leaves out, and replace shortcodes by HTML.

    Args:
        gallery: finds the images with these ids; without ids, those uploaded for the post.
    """
    left = MOST_PICTURES

    def to_images(match: re.Match[str]) -> str:
        nonlocal left
        ids = _IDS.search(match[1])
        shown = gallery([each.strip() for each in ids[1].split(",")] if ids else [])[:left]
        left -= len(shown)
        return "\n\n" + "\n\n".join(map(_image_tag, shown)) + "\n\n"

    text = text.replace("\r\n", "\n")
    has_paragraphs = _HAS_PARAGRAPHS.search(text)
    text = _CODE.sub(_code_block, _CAPTION.sub(_figure, text))
    for pattern in (_EMBED, _VIDEO):
        text = pattern.sub(r"\n\n<p>\1</p>\n\n", text)
    text = _GALLERY.sub(to_images, text)
    if has_paragraphs:
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


def _image_tag(picture: Picture) -> str:
    url, alt, title = map(escape, (picture.url, picture.alt, picture.caption))
    return f'<p><img src="{url}" alt="{alt}" title="{title}"></p>'


def number_footnotes(text: str, ids: Sequence[str]) -> str:
    """Give the references to footnotes the numbers that `html_to_markdown` reads."""
    numbers = {note: number for number, note in enumerate(ids, 1)}

    def reference(match: re.Match[str]) -> str:
        number = numbers.get(match[1])
        return f'<sup data-note="{number}">{number}</sup>' if number else match[0]

    return _NOTE.sub(reference, text)


def find_shortcode(text: str) -> str | None:
    """Find the name of a shortcode that remains in an HTML text.

    Words in brackets count only with an attribute or a closing tag.
    """
    ended = set(_END.findall(text))
    names = (found[1] for found in _SHORTCODE.finditer(text) if found[2] or found[1] in ended)
    return next(names, None)


def _code_block(match: re.Match[str]) -> str:
    language = _LANGUAGE.search(match[1])
    kind = f' class="language-{language[1]}"' if language else ""
    # The block editor escapes HTML, the classic editor doesn't.
    code = match[2] if "&lt;" in match[2] else escape(match[2], quote=False)
    return f"<pre{kind}>{code}</pre>"
