"""Texts of this site as other programs show them: with absolute addresses.

The HTML is that of `blog.core.text.sanitising`: well-formed, with all attributes in double quotes.
"""

import re
from html import escape, unescape
from typing import NamedTuple
from urllib.parse import urljoin

_TAG = re.compile(r'<[a-z][a-z0-9]* (?:[^>"]|"[^"]*")*>')
# As each match ends behind the value, none begins within one.
_ATTRIBUTE = re.compile(r' ([a-z-]+)="([^"]*)"')
_IMAGE = re.compile(r'<img (?:[^>"]|"[^"]*")*? ?src="([^"]*/media/([a-z2-7]{32})-([0-9]+)\.webp)"')
_COMPLETE = re.compile("[a-z][a-z0-9+.-]*:", re.IGNORECASE)


class ShownImage(NamedTuple):
    """An image in a text, in its largest size.

    Attributes:
        address: as it is in the text.
        name: of the `MediaFile`.
        width: in pixels.
    """

    address: str
    name: str
    width: int


def with_absolute_addresses(html: str, page: str) -> str:
    """A text whose links and images do not depend on where it is shown.

    Args:
        html: sanitised HTML.
        page: the absolute address of its page, to which links within the text lead.
    """

    def complete(attribute: re.Match[str]) -> str:
        name, value = attribute.groups()
        if name in {"href", "src"}:
            value = _absolute(value, page)
        elif name == "srcset":
            value = ", ".join(_absolute(each, page) for each in value.split(", "))
        return f' {name}="{value}"'

    return _TAG.sub(lambda tag: _ATTRIBUTE.sub(complete, tag[0]), html)


def _absolute(value: str, page: str) -> str:
    if _COMPLETE.match(value):
        return value
    try:
        return escape(urljoin(page, unescape(value)))
    except ValueError:  # Such as http://[
        return value


def images_in(html: str) -> list[ShownImage]:
    """The images that a text shows, each once."""
    if "<img" not in html:
        return []
    found = [ShownImage(address, name, int(width)) for address, name, width in _IMAGE.findall(html)]
    return list({image.name: image for image in reversed(found)}.values())[::-1]
