"""Atom documents (RFC 4287), paged (RFC 5005, 3) and threaded (RFC 4685)."""

from collections.abc import Iterable
from xml.etree.ElementTree import Element, SubElement, tostring

from blog.core.i18n import gettext as _
from blog.core.text.cleaning import remove_forbidden
from blog.core.text.shortening import plain_text
from blog.feeds.content import make_urls_absolute
from blog.feeds.documents import Document, format_timestamp, profile_url
from blog.feeds.entries import Entry
from blog.posts.listed import Author

MEDIA_TYPE = "application/atom+xml"
LONGEST_TITLE = 80
_NAMESPACES = {
    "xmlns": "http://www.w3.org/2005/Atom",
    "xmlns:thr": "http://purl.org/syndication/thread/1.0",
}
_PROLOGUE, _END = '<?xml version="1.0" encoding="utf-8"?>\n', "</feed>"


def atom_document(of: Document, entries: Iterable[str]) -> str:
    """Build a page of a feed.

    Args:
        of: the page.
        entries: results of `atom_entry`.
    """
    feed, head = of.feed, Element("feed", _NAMESPACES | _language(of.feed.language))
    _add(head, "id", of.id)
    _add(head, "title", feed.title)
    if feed.subtitle:
        _add(head, "subtitle", feed.subtitle)
    _add(head, "updated", format_timestamp(of.updated))
    _add(head, "generator", "Broadside")
    if feed.author:
        _add_author(head, feed.author)
    _link(head, "alternate", feed.page, type="text/html")
    _link(head, "alternate", of.other, type="application/feed+json")
    for rel, address in (("self", of.here), ("first", of.first), ("next", of.next)):
        if address:
            _link(head, rel, address, type=MEDIA_TYPE)
    if of.hub:
        _link(head, "hub", of.hub)
    return f"{_PROLOGUE}{_xml(head).removesuffix(_END)}{''.join(entries)}{_END}\n"


def atom_entry(entry: Entry) -> str:
    """Build an entry, without the namespaces that the document declares."""
    element = Element("entry", _language(entry.language))
    _add(element, "id", entry.id)
    _add(element, "title", entry.title or _title_of_note(entry))
    _add(element, "published", format_timestamp(entry.published))
    _add(element, "updated", format_timestamp(entry.updated))
    _add_author(element, entry.author)
    _link(element, "alternate", entry.page, type="text/html")
    if entry.original:
        _link(element, "canonical", entry.original)
    for image in entry.images:
        length = {} if image.length is None else {"length": str(image.length)}
        _link(element, "enclosure", image.address, type="image/webp", **length)
    if entry.comments:
        _link(element, "replies", f"{entry.comments}.atom", type=MEDIA_TYPE)
    if entry.answers:
        ref, page = entry.answers
        SubElement(element, "thr:in-reply-to", {"ref": ref, "href": page, "type": "text/html"})
    for tag in entry.tags:
        SubElement(element, "category", {"term": remove_forbidden(tag)})
    if entry.summary:
        _add(element, "summary", entry.summary)
    _add(element, "content", make_urls_absolute(entry.html, entry.page), type="html")
    return _xml(element)


def _title_of_note(entry: Entry) -> str:
    """The title of a post without one, because every entry needs one: the beginning of its text."""
    text = plain_text(entry.html, LONGEST_TITLE)
    return text or _("Post by %(name)s", name=_name(entry.author))


def _name(author: Author | str) -> str:
    return author if isinstance(author, str) else author.name or author.username


def _add(parent: Element, name: str, text: str, **attributes: str) -> None:
    SubElement(parent, name, attributes).text = remove_forbidden(text)


def _add_author(parent: Element, author: Author | str) -> None:
    person = SubElement(parent, "author")
    _add(person, "name", _name(author))
    if isinstance(author, str):
        return
    _add(person, "uri", profile_url(author))


def _link(parent: Element, rel: str, address: str, **attributes: str) -> None:
    SubElement(parent, "link", {"rel": rel, "href": remove_forbidden(address), **attributes})


def _language(language: str | None) -> dict[str, str]:
    return {"xml:lang": language} if language else {}


def _xml(element: Element) -> str:
    return tostring(element, encoding="unicode")
