"""Images in imported texts: which file of the source is meant, and what it is called here."""

import re
from hashlib import sha256
from posixpath import join, normpath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from blog.core.text.code_blocks import parts_of
from blog.media.sizes import name_of
from blog.transfer.importing.archive import MIB, Archive, reading
from blog.transfer.importing.post import ImportedImage, UnreadableError

LARGEST_IMAGE = 20 * MIB
PIECE = 256 * 1024
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
# Where generators of sites keep what is served from `/`.
ROOTS = ("", "static/", "assets/", "public/", "source/", "content/", "src/")

# A span of code, or an image of Markdown, or of HTML within it.
_IMAGE = re.compile(
    r"""
    (?P<ticks>`+)(?!`).*?(?<!`)(?P=ticks)(?!`)
    | !\[(?P<alt>(?:\\.|\[[^\[\]]*\]|[^\[\]\\])*)\]
      \(\s*(?P<address><[^<>\n]*>|(?:\\.|\([^\s()]*\)|[^\s()\\])+)
      (?P<title>\s+(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))?\s*\)
    | (?P<tag><img\b[^<>]*>)
    """,
    re.VERBOSE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([a-zA-Z][\w-]*)\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+)""")
# WordPress keeps smaller copies beside an image: `photo-300x200.jpg`.
_COPY = re.compile(r"-[0-9]+x[0-9]+(?=\.[a-z]+$)")


class Placed(NamedTuple):
    """A text with the addresses that its images have here.

    Attributes:
        images: those that the source has.
        missing: the addresses of those that it does not have.
    """

    text: str
    images: list[ImportedImage]
    missing: list[str]


class Images:
    """The images of a source.

    Args:
        archive: the files.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._names: dict[str, str | None] = {}
        images = [name for name in archive.sizes if name.lower().endswith(SUFFIXES)]
        self._by_ending: dict[str, list[str]] = {}
        for name in images:
            self._by_ending.setdefault(_ending(name), []).append(name)

    def place(self, text: str, folder: str) -> Placed:
        """Let the images of a text that are in the source have their new addresses.

        Args:
            text: Markdown.
            folder: that of the text's file, with a slash at the end.
        """
        placed = Placed("", [], [])

        def replace(found: re.Match[str]) -> str:
            if found["ticks"]:
                return found[0]
            image = _of_tag(found["tag"]) if found["tag"] else _of_markdown(found)
            if image is None:
                return found[0]
            address, alt, title = image
            if known := self.find(address, folder):
                placed.images.append(known)
                return f"![{alt}](/media/{known.name}{title})"
            if not address.startswith("data:"):
                placed.missing.append(address)
            return f"![{alt}](<{address}>{title})" if found["tag"] else found[0]

        text = "".join(
            part if is_code else _IMAGE.sub(replace, part) for is_code, part in parts_of(text)
        )
        return placed._replace(text=text)

    def has(self, address: str) -> bool:
        """Whether the source has the image that an address of a site means."""
        return self._file(address, "") is not None

    def find(self, address: str, folder: str = "") -> ImportedImage | None:
        """The image of the source that an address means.

        Args:
            folder: that of the file with the address, with a slash at the end.
        """
        file = self._file(address, folder)
        return self.image(file, address) if file else None

    def image(
        self, file: str, address: str, alt: str = "", caption: str = ""
    ) -> ImportedImage | None:
        """An image, if it is among the files of the source, and not too large.

        Args:
            file: its name.
            address, alt, caption: as of an `ImportedImage`.
        """
        if file not in self._archive.sizes:
            return None
        if file not in self._names:
            self._names[file] = self._digest(file)
        name = self._names[file]
        return ImportedImage(file, name, address, alt, caption) if name else None

    def _file(self, address: str, folder: str) -> str | None:
        """The file that an address means."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        path = unquote(parts.path)
        if not path or parts.scheme not in {"", "http", "https"}:
            return None
        if parts.netloc or path.startswith("/"):
            return self._by_path(path.lstrip("/"))
        near = normpath(join(folder, path))
        return near if near in self._archive.sizes else self._by_path(normpath(path))

    def _by_path(self, path: str) -> str | None:
        """The file whose name ends with this path, below one of the usual folders."""
        for wanted in (path, _COPY.sub("", path)):
            same_ending = self._by_ending.get(_ending(wanted), ())
            for root in ROOTS:
                for name in same_ending:
                    if name == root + wanted or name.endswith(f"/{root}{wanted}"):
                        return name
        return None

    def _digest(self, file: str) -> str | None:
        """The name that a file gets here, a digest of its content; `None` if it is no use."""
        digest, size = sha256(), 0
        try:
            with reading(self._archive, file) as content:
                while piece := content.read(PIECE):
                    size += len(piece)
                    digest.update(piece)
                    if size > LARGEST_IMAGE:
                        return None
        except UnreadableError:
            return None
        return name_of(digest.digest())


def attributes_of(tag: str) -> dict[str, str]:
    """The attributes of a tag, or of a shortcode that looks like one."""
    return {name.lower(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(tag)}


def markdown_image(address: str, alt: str, title: str = "") -> str:
    """An image in Markdown."""
    alt = " ".join(re.sub(r"([\\\[\]])", r"\\\1", alt).split())
    quoted = " ".join(title.replace("\\", r"\\").replace('"', r"\"").split())
    return f"![{alt}]({address}" + (f' "{quoted}")' if quoted else ")")


def _of_markdown(found: re.Match[str]) -> tuple[str, str, str]:
    address = found["address"]
    if address.startswith("<"):
        address = address[1:-1]
    return address, found["alt"], found["title"] or ""


def _of_tag(tag: str) -> tuple[str, str, str] | None:
    attributes = attributes_of(tag)
    if not (address := attributes.get("src", "")):
        return None
    image = _IMAGE.fullmatch(
        markdown_image("x", attributes.get("alt", ""), attributes.get("title", ""))
    )
    return (address, image["alt"], image["title"] or "") if image else None


def _ending(name: str) -> str:
    return name.rpartition("/")[2].lower()
