"""A text as the rules for review see it."""

import hashlib
import html
import re
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import idna

from blog.core.text.search_words import folded_words
from blog.core.text.validation import remove_forbidden
from blog.review.words import without_invisible

_BLOCK = re.compile(
    r"<(?:/?(?:p|li|ul|ol|h[1-6]|blockquote|pre|div|table|tr|td|th|figure|dl|dt|dd|details|summary)"
    r"\b|[bh]r\b)[^>]*>"
)
_TAG = re.compile(r"<[^>]*>")
# What a reader gets to know of an attribute, and where a link leads.
_SHOWN = re.compile(r'\s(?:alt|title)="([^"]*)"')
_LINK = re.compile(r'<a\b[^>]*?\shref="([^"]*)"')
# Browsers take any number of slashes for two (URL Standard, 4.4).
_SLASHES = re.compile(r"(https?:|ftp:)[/\\]*|[/\\]{2,}", re.IGNORECASE)
# A domain that is written out, and not linked.
_DOMAIN = re.compile(r"(?<![\w.@-])(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}(?![\w-])")


class Content(NamedTuple):
    """What someone wants to publish.

    Attributes:
        html: of the text, as the renderer has made it.
        lines: what else readers see: the title, the excerpt, the tags, an alternative text.
        addresses: URLs that are not in the text.
        images: the names of images that are not in the text.
    """

    html: str
    lines: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """The same for the same content."""
        images = (*self.images, "") if self.images else ()
        parts = "\0".join((*self.lines, "", *self.addresses, "", *images, self.html))
        return hashlib.sha256(parts.encode()).hexdigest()


class Reading:
    """A content with its words and links, which are looked for once.

    Args:
        content: the content.
        own_host: the host of this site, to which links are not counted.
    """

    def __init__(self, content: Content, own_host: str) -> None:
        self._content = content
        self._own_host = own_host

    @cached_property
    def text(self) -> str:
        """What readers see, without markup. A word that has markup within is one word."""
        source = self._content.html
        shown = _TAG.sub("", _BLOCK.sub(" \n ", source))
        parts = [shown, *_SHOWN.findall(source)]
        text = "\n".join([*self._content.lines, *map(html.unescape, parts)])
        return without_invisible(text)

    @cached_property
    def words(self) -> list[str]:
        """The words, folded."""
        return folded_words(self.text)

    @cached_property
    def links(self) -> frozenset[str]:
        """The hosts of other sites that are linked."""
        found = [*map(html.unescape, _LINK.findall(self._content.html)), *self._content.addresses]
        return frozenset(_hosts(found)) - {self._own_host, ""}

    @cached_property
    def domains(self) -> frozenset[str]:
        """The same, and the domains that are only written."""
        written = (match[0] for match in _DOMAIN.finditer(self.text))
        return self.links | frozenset(map(_ascii, written)) - {self._own_host, ""}


def _hosts(addresses: Iterable[str]) -> Iterable[str]:
    for address in addresses:
        try:
            parts = urlsplit(_with_two_slashes(address))
            host = parts.hostname or ""
            if parts.scheme.lower() == "mailto":
                host = parts.path.rpartition("@")[2]
        except ValueError:
            continue
        # As browsers read it (URL Standard, 3.5).
        yield _ascii(remove_forbidden(unquote(host)))


def _with_two_slashes(address: str) -> str:
    start = _SLASHES.match(address)
    return f"{start[1] or ''}//{address[start.end() :]}" if start else address


def _ascii(domain: str) -> str:
    """A domain as the settings have it."""
    try:
        return idna.encode(domain.rstrip("."), uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return domain.lower().rstrip(".")
