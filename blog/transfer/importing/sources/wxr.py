"""Read the items of WordPress eXtended RSS (WXR), parsed as a stream.

Only the entities predefined by XML are accepted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

from blog.core.i18n import lazy_gettext
from blog.transfer.importing.archive import Archive, open_file
from blog.transfer.importing.html import LONGEST_HTML
from blog.transfer.importing.post import SourceError

CHUNK_BYTES = 64 * 1024
DEEPEST = 100
# The length of one item.
LONGEST_ITEM = 4 * LONGEST_HTML
# The fields of a post with the id of its featured image and with its footnotes, and that of an
# attachment with its alternative text.
COVER, FOOTNOTES, ALT = "_thumbnail_id", "footnotes", "_wp_attachment_image_alt"
_FIELDS = {COVER, FOOTNOTES, ALT}

HAS_ENTITIES = lazy_gettext("The XML file declares entities, which aren't supported.")
TOO_DEEP = lazy_gettext("The XML file is nested too deeply.")
# Elements of the channel, about the whole site.
_OF_SITE = {"language", "base_site_url", "base_blog_url", "link"}
# Items of other types are skipped: they are neither posts nor known to authors.
_TYPES = {"post", "page", "attachment"}


@dataclass
class Item:
    """An item of the feed.

    Attributes:
        values: the texts of its elements, by local name.
        categories: the domain and name of each category.
        comments: the number of comments.
        is_too_long: whether part of it was dropped.
        remark: a remark about the whole file, instead of an item.
    """

    site: dict[str, str]
    values: dict[str, str] = field(default_factory=dict)
    categories: list[tuple[str, str]] = field(default_factory=list)
    comments: int = 0
    is_too_long: bool = False
    remark: str = ""

    def get(self, name: str) -> str:
        return self.values.get(name, "").strip()


class Parser:
    """Collects the items of a feed, which is fed to it in chunks."""

    def __init__(self) -> None:
        self.is_wxr = False
        self._site: dict[str, str] = {}
        self._done: list[Item] = []
        self._item: Item | None = None
        self._path: list[str] = []
        self._text: list[str] = []
        self._size = 0
        self._domain = ""
        self._meta: dict[str, str] = {}
        parser = expat.ParserCreate(namespace_separator="}")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.EntityDeclHandler = self._refuse_entities
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        self._parser = parser

    def feed(self, chunk: bytes) -> None:
        self._parser.Parse(chunk, False)

    def end(self) -> None:
        self._parser.Parse(b"", True)

    def take_items(self) -> list[Item]:
        """Return the items completed since the last call."""
        done, self._done = self._done, []
        return done

    def _refuse_entities(self, *_: object) -> None:
        raise SourceError(HAS_ENTITIES)

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = self._element_name(tag)
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
        elif depth == 4 and self._path[-1] == "postmeta":
            self._meta[name] = text
        elif depth == 3 and name == "postmeta":
            if (key := self._meta.get("meta_key", "")) in _FIELDS:
                item.values[key] = self._meta.get("meta_value", "")
            self._meta = {}
        elif depth == 3:
            item.values[name] = text

    def _element_name(self, tag: str) -> str:
        space, _, name = tag.rpartition("}")
        # The local name of both is `encoded`.
        if name == "encoded":
            return "encoded:excerpt" if "excerpt" in space else "encoded:content"
        return name


def read_items(archive: Archive, file: str, parser: Parser) -> Iterator[Item]:
    """Yield the items of a file.

    Raises:
        ExpatError: the file is damaged.
    """
    with open_file(archive, file) as content:
        while chunk := content.read(CHUNK_BYTES):
            parser.feed(chunk)
            yield from parser.take_items()
        parser.end()
