"""WordPress eXtended RSS (WXR), the export of WordPress.

`wp-admin/includes/export.php` of WordPress writes it, and `wp export` by the same code.
The file is parsed while it is read, and no entity is accepted but those of XML itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.parsers import expat

from blog.transfer.importing.archive import Archive, reading
from blog.transfer.importing.html import LONGEST_HTML, markdown_of_html
from blog.transfer.importing.images import Images
from blog.transfer.importing.post import Entry, ImportedPost, SourceError, Status, UnreadableError
from blog.transfer.importing.sources.blocks import paragraphs
from blog.transfer.importing.sources.source import Remarks, placed

PIECE = 64 * 1024
DEEPEST = 100
# Of one item; a post may have as much HTML.
LONGEST_ITEM = 4 * LONGEST_HTML

NOT_XML = "This isn't a valid XML file: {error}."
NOT_WXR = "This XML file isn't an export from WordPress."
HAS_ENTITIES = "The XML file declares entities, which aren't supported."
BREAKS_OFF = "The file is damaged from line {line}. Everything before that is imported."
TOO_LONG = "The item is longer than a post can be."
PAGE = "It's a page, not a post."
ATTACHMENTS = (
    "{number} of its files aren't in the same ZIP file, and we don't fetch anything from "
    "other sites."
)
TOO_DEEP = "The XML file is nested too deeply."
PRIVATE = "It was private, so it becomes a draft."
PROTECTED = "It was protected by a password, so it becomes a draft."
HAS_COMMENTS = "Its comments ({number}) are skipped, because other people wrote them."
NO_TEXT = "It has no text."
# Of the channel, about the whole site.
_OF_SITE = {"language", "base_site_url", "base_blog_url", "link"}
# Items of these types, which are neither posts nor known to authors, are passed over.
_TYPES = {"post", "page", "attachment"}
_STATUS: dict[str, Status] = {
    "publish": "published", "future": "published", "draft": "draft", "pending": "draft",
    "private": "draft",
}  # fmt: skip
_NAMESPACE = re.compile(r".*[/}]")


@dataclass
class Item:
    """An item of the feed.

    Attributes:
        values: the texts of its elements, by name without namespace.
        categories: domain and name of each.
        comments: their number.
        is_too_long: whether not all of it was kept.
        remark: instead of an item, something about the whole file.
    """

    site: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    categories: list[tuple[str, str]] = field(default_factory=list)
    comments: int = 0
    is_too_long: bool = False
    remark: str = ""

    def get(self, name: str) -> str:
        return self.values.get(name, "").strip()


class WordPress:
    """An export of WordPress, of one or several XML files."""

    kind = "WordPress"

    def __init__(self, archive: Archive, files: list[str]) -> None:
        self.archive = archive
        self._files = files
        self._images = Images(archive)

    def records(self) -> Iterator[Item]:
        number = attachments = 0
        for file in self._files:
            with reading(self.archive, file) as content:
                parser = _Parser()
                try:
                    while piece := content.read(PIECE):
                        parser.feed(piece)
                        for item in parser.finished():
                            number += 1
                            if item.get("post_type") != "attachment":
                                yield item
                            elif not self._images.has(item.get("attachment_url")):
                                attachments += 1
                    parser.end()
                except expat.ExpatError as error:
                    if not number:
                        reason = expat.errors.messages[error.code]
                        raise SourceError(NOT_XML.format(error=reason)) from None
                    yield Item({}, {"title": file}, remark=BREAKS_OFF.format(line=error.lineno))
                if not parser.is_wxr:
                    raise SourceError(NOT_WXR)
        if attachments:
            remark = ATTACHMENTS.format(number=attachments)
            yield Item({}, {"title": "Media library"}, remark=remark)

    def name(self, record: Item) -> str:
        title = " ".join(record.get("title").split())[:100]
        number = record.get("post_id")
        return title or (f"item {number}" if number else "an untitled item")

    def entry(self, record: Item) -> Entry:
        name = self.name(record)
        if record.remark:
            return Entry(name, remarks=(record.remark,))
        if record.get("post_type") == "page":
            return Entry(name, remarks=(PAGE,))
        if record.is_too_long:
            raise UnreadableError(TOO_LONG)
        status = _STATUS.get(record.get("status"))
        if status is None:
            return Entry(name, remarks=(f"It is in the state “{record.get('status')[:30]}”.",))
        remarks = Remarks()
        text, more = markdown_of_html(paragraphs(record.values.get("encoded:content", "")))
        if not text:
            return Entry(name, remarks=(NO_TEXT,))
        for remark in more:
            remarks.add(remark)
        if record.get("status") == "private":
            remarks.add(PRIVATE)
        if record.get("post_password"):
            status = "draft"
            remarks.add(PROTECTED)
        if record.comments:
            remarks.add(HAS_COMMENTS.format(number=record.comments))
        text, images = placed(self._images, text, "", remarks)
        return Entry(name, self._post(record, text, status, remarks, images), tuple(remarks))

    def _post(
        self, item: Item, text: str, status: Status, remarks: Remarks, images: Any
    ) -> ImportedPost:
        excerpt, _ = markdown_of_html(item.get("encoded:excerpt"))
        date = self._date(item, "post_date", "date", remarks)
        was_published = item.get("status") in {"publish", "future", "private"}
        blog = item.site.get("base_blog_url") or item.site.get("link", "")
        return ImportedPost(
            key=f"wordpress {blog.strip()} {item.get('post_id') or item.get('guid')}",
            body=text,
            title=item.get("title") or None,
            slug=item.get("post_name") or None,
            tags=tuple(
                dict.fromkeys(
                    name.strip() for domain, name in item.categories
                    if domain in {"category", "post_tag"} and name.strip() != "Uncategorized"
                )
            ),
            status=status,
            published_at=date if was_published else None,
            created_at=date,
            edited_at=self._date(item, "post_modified", "date of its last change", remarks),
            language=item.site.get("language", "").strip() or None,
            excerpt=excerpt or None,
            comments_open=item.get("comment_status") != "closed",
            pinned=item.get("is_sticky") == "1",
            images=images,
        )  # fmt: skip

    @staticmethod
    def _date(item: Item, name: str, what: str, remarks: Remarks) -> Any:
        # Of drafts the time in UTC is zero.
        return remarks.date(what, item.get(f"{name}_gmt")) or remarks.date(what, item.get(name))


class _Parser:
    """Collects the items of a feed while it arrives."""

    def __init__(self) -> None:
        self.is_wxr = False
        self._site: dict[str, str] = {}
        self._done: list[Item] = []
        self._item: Item | None = None
        self._path: list[str] = []
        self._text: list[str] = []
        self._size = 0
        self._domain = ""
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._refuse
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser = parser

    def feed(self, piece: bytes) -> None:
        self._parser.Parse(piece, False)

    def end(self) -> None:
        self._parser.Parse(b"", True)

    def finished(self) -> list[Item]:
        """The items that are complete, each once."""
        done, self._done = self._done, []
        return done

    def _refuse(self, *_: object) -> None:
        raise SourceError(HAS_ENTITIES)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._name(tag)
        self._path.append(name)
        if len(self._path) > DEEPEST:
            raise SourceError(TOO_DEEP)
        self._text, self._size = [], 0
        if tag.partition("}")[0].startswith("http://wordpress.org/export/"):
            self.is_wxr = True
        if self._path == ["rss", "channel", "item"]:
            self._item = Item(self._site)
        elif name == "category":
            self._domain = attributes.get("domain", "")

    def _characters(self, text: str) -> None:
        self._size += len(text)
        if self._size <= LONGEST_ITEM:
            self._text.append(text)
        elif self._item is not None:
            self._item.is_too_long = True

    def _end(self, tag: str) -> None:
        name, depth, item = self._path.pop(), len(self._path), self._item
        text = "".join(self._text)
        self._text, self._size = [], 0
        if item is None:
            if depth == 2 and name in _OF_SITE and len(text) < 1000:
                self._site.setdefault(name, text)
        elif name == "item" and depth == 2:
            if item.get("post_type") in _TYPES:
                self._done.append(item)
            self._item = None
        elif depth == 3 and name == "category":
            item.categories.append((self._domain, text[:1000]))
        elif depth == 3 and name == "comment":
            item.comments += 1
        elif depth == 3:
            item.values[name] = text

    def _name(self, tag: str) -> str:
        space, _, name = tag.rpartition("}")
        # Both are called `encoded`.
        if name == "encoded":
            return "encoded:excerpt" if "excerpt" in space else "encoded:content"
        return name
