"""Texts of this site for other programs, with absolute URLs.

The HTML comes from `blog.core.text.sanitising`: well-formed, with all attributes in double quotes.
"""

import re
from html import escape, unescape
from typing import NamedTuple
from urllib.parse import urljoin

_TAG = re.compile(r'<[a-z][a-z0-9]* (?:[^>"]|"[^"]*")*>')
# Each match ends behind the value, so none begins within one.
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_IMAGE = re.compile(r'<img (?:[^>"]|"[^"]*")*? ?src="([^"]*/media/([a-z2-7]{32})-([0-9]+)\.webp)"')
_COMPLETE = re.compile("[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class ShownImage(NamedTuple):
    """An image in a text, in its largest size.

    Attributes:
        address: its URL in the text.
        name: the name of the `MediaFile`.
        width: its width in pixels.
    """

    address: str
    name: str
    width: int


def make_urls_absolute(html: str, page: str) -> str:
    """Make the URLs in a text absolute, so that it can be shown anywhere.

    Args:
        html: sanitised HTML.
        page: the absolute URL of its page, for links within the text.
    """

    def complete(attribute: re.Match[str]) -> str:
        name, value = attribute.groups()
        if name in {"href", "src"}:
            value = _make_absolute(value, page)
        elif name == "srcset":
            value = ", ".join(_make_absolute(each, page) for each in value.split(", "))
        return f' {name}="{value}"'

    return _TAG.sub(lambda tag: _ATTRIBUTE.sub(complete, tag[0]), html)


def _make_absolute(value: str, page: str) -> str:
    if _COMPLETE.match(value):
        return value
    try:
        return escape(urljoin(page, unescape(value)))
    except ValueError:  # Such as http://[
        return value


def images_in(html: str) -> list[ShownImage]:
    """The images in a text, without duplicates."""
    if "<img" not in html:
        return []
    found = [ShownImage(address, name, int(width)) for address, name, width in _IMAGE.findall(html)]
    return list({image.name: image for image in reversed(found)}.values())[::-1]
