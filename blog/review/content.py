"""The content of a text, as the rules for review analyse it."""

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
# The attributes that readers get to see, and the targets of links.
_SHOWN = re.compile(r'\s(?:alt|title)="([^"]*)"')
_LINK = re.compile(r'<a\b[^>]*?\shref="([^"]*)"')
# Browsers treat any number of slashes like two (URL Standard, 4.4).
_SLASHES = re.compile(r"(https?:|ftp:)[/\\]*|[/\\]{2,}", re.IGNORECASE)
# A domain in the text that is not linked.
_DOMAIN = re.compile(r"(?<![\w.@-])(?:[\w-]{1,63}\.){1,8}[^\W\d_][\w-]{1,62}(?![\w-])")


class Content(NamedTuple):
    """The content that a user wants to publish.

    Attributes:
        html: the rendered HTML of the text.
        lines: other texts that readers see: the title, the excerpt, the tags, an alternative text.
        addresses: URLs that are not in the text.
        images: the names of images that are not in the text.
    """

    html: str
    lines: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    images: tuple[str, ...] = ()

    @property
    def digest(self) -> str:
        """A digest, which is the same for the same content."""
        images = (*self.images, "") if self.images else ()
        parts = "\0".join((*self.lines, "", *self.addresses, "", *images, self.html))
        return hashlib.sha256(parts.encode()).hexdigest()


class Reading:
    """The words and links of a content, which are extracted once.

    Args:
        content: the content.
        own_host: the host of this site; links to it don't count.
    """

    def __init__(self, content: Content, own_host: str) -> None:
        self._content = content
        self._own_host = own_host

    @cached_property
    def text(self) -> str:
        """The text that readers see, without markup. Markup within a word doesn't divide it."""
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
        """The hosts of links to other sites."""
        found = [*map(html.unescape, _LINK.findall(self._content.html)), *self._content.addresses]
        return frozenset(_find_hosts(found)) - {self._own_host, ""}

    @cached_property
    def domains(self) -> frozenset[str]:
        """The hosts of links, and domains in the text that are not linked."""
        written = (match[0] for match in _DOMAIN.finditer(self.text))
        return self.links | frozenset(map(_normalize_domain, written)) - {self._own_host, ""}


def _find_hosts(addresses: Iterable[str]) -> Iterable[str]:
    for address in addresses:
        try:
            parts = urlsplit(_normalize_slashes(address))
            host = parts.hostname or ""
            if parts.scheme.lower() == "mailto":
                host = parts.path.rpartition("@")[2]
        except ValueError:
            continue
        # As browsers parse it (URL Standard, 3.5).
        yield _normalize_domain(remove_forbidden(unquote(host)))


def _normalize_slashes(address: str) -> str:
    start = _SLASHES.match(address)
    return f"{start[1] or ''}//{address[start.end() :]}" if start else address


def _normalize_domain(domain: str) -> str:
    """Normalize a domain to the form that the settings have."""
    try:
        return idna.encode(domain.rstrip("."), uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        return domain.lower().rstrip(".")
