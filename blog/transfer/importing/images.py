"""Images in imported texts: which file of the source an address means, and its new name here."""

import re
from hashlib import sha256
from posixpath import join, normpath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from blog.core.text.code_blocks import split_code_blocks
from blog.media.sizes import name_from_digest
from blog.transfer.importing.archive import MIB, Archive, open_file
from blog.transfer.importing.post import ImportedImage, UnreadableError

LARGEST_IMAGE = 20 * MIB
CHUNK_BYTES = 256 * 1024
SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".avif")
# Folders whose contents site generators serve from `/`.
ROOTS = ("", "static/", "assets/", "public/", "source/", "content/", "src/")

# A code span, a Markdown image, or an HTML image within Markdown.
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
# WordPress stores smaller copies next to an image: `photo-300x200.jpg`.
_RESIZED = re.compile(r"-[0-9]+x[0-9]+(?=\.[a-z]+$)")


class TextWithImages(NamedTuple):
    """A text with the new addresses of its images.

    Attributes:
        images: the images that the source contains.
        missing: the addresses of images that it doesn't contain.
    """

    text: str
    images: list[ImportedImage]
    missing: list[str]


class Images:
    """The images of a source.

    Args:
        archive: its files.
    """

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._names: dict[str, str | None] = {}
        images = [name for name in archive.sizes if name.lower().endswith(SUFFIXES)]
        self._by_file_name: dict[str, list[str]] = {}
        for name in images:
            self._by_file_name.setdefault(_file_name(name), []).append(name)

    def replace_addresses(self, text: str, folder: str) -> TextWithImages:
        """Replace the addresses of images that the source contains by their new ones.

        Args:
            text: Markdown.
            folder: the folder of the text's file, with a trailing slash.
        """
        result = TextWithImages("", [], [])

        def replace(found: re.Match[str]) -> str:
            if found["ticks"]:
                return found[0]
            image = _parse_tag(found["tag"]) if found["tag"] else _parse_markdown(found)
            if image is None:
                return found[0]
            address, alt, title = image
            if known := self.find(address, folder):
                result.images.append(known)
                return f"![{alt}](/media/{known.name}{title})"
            if not address.startswith("data:"):
                result.missing.append(address)
            return f"![{alt}](<{address}>{title})" if found["tag"] else found[0]

        text = "".join(
            part if is_code else _IMAGE.sub(replace, part)
            for is_code, part in split_code_blocks(text)
        )
        return result._replace(text=text)

    def has(self, address: str) -> bool:
        """Whether the source contains the image at an address."""
        return self._find_file(address, "") is not None

    def find(self, address: str, folder: str = "") -> ImportedImage | None:
        """The image that an address refers to, if the source contains it.

        Args:
            folder: the folder of the file with the address, with a trailing slash.
        """
        file = self._find_file(address, folder)
        return self.image(file, address) if file else None

    def image(
        self, file: str, address: str, alt: str = "", caption: str = ""
    ) -> ImportedImage | None:
        """An image, if it's in the source and not too large.

        Args:
            file: its name in the source.
            address, alt, caption: as in `ImportedImage`.
        """
        if file not in self._archive.sizes:
            return None
        if file not in self._names:
            self._names[file] = self._digest(file)
        name = self._names[file]
        return ImportedImage(file, name, address, alt, caption) if name else None

    def _find_file(self, address: str, folder: str) -> str | None:
        """Find the file that an address refers to."""
        try:
            parts = urlsplit(address)
        except ValueError:
            return None
        path = unquote(parts.path)
        if not path or parts.scheme not in {"", "http", "https"}:
            return None
        if parts.netloc or path.startswith("/"):
            return self._find_by_path(path.lstrip("/"))
        near = normpath(join(folder, path))
        return near if near in self._archive.sizes else self._find_by_path(normpath(path))

    def _find_by_path(self, path: str) -> str | None:
        """Find the file whose name ends with this path, in one of the usual folders."""
        for wanted in (path, _RESIZED.sub("", path)):
            candidates = self._by_file_name.get(_file_name(wanted), ())
            for root in ROOTS:
                for name in candidates:
                    if name == root + wanted or name.endswith(f"/{root}{wanted}"):
                        return name
        return None

    def _digest(self, file: str) -> str | None:
        """A file's new name, a digest of its content; `None` if it is unreadable or too large."""
        digest, size = sha256(), 0
        try:
            with open_file(self._archive, file) as content:
                while chunk := content.read(CHUNK_BYTES):
                    size += len(chunk)
                    digest.update(chunk)
                    if size > LARGEST_IMAGE:
                        return None
        except UnreadableError:
            return None
        return name_from_digest(digest.digest())


def attributes_of(tag: str) -> dict[str, str]:
    """Parse the attributes of a tag, or of a shortcode that looks like one."""
    return {name.lower(): value.strip("\"'") for name, value in _ATTRIBUTE.findall(tag)}


def markdown_image(address: str, alt: str, title: str = "") -> str:
    """Format an image in Markdown."""
    alt = " ".join(re.sub(r"([\\\[\]])", r"\\\1", alt).split())
    quoted = " ".join(title.replace("\\", r"\\").replace('"', r"\"").split())
    return f"![{alt}]({address}" + (f' "{quoted}")' if quoted else ")")


def _parse_markdown(found: re.Match[str]) -> tuple[str, str, str]:
    address = found["address"]
    if address.startswith("<"):
        address = address[1:-1]
    return address, found["alt"], found["title"] or ""


def _parse_tag(tag: str) -> tuple[str, str, str] | None:
    attributes = attributes_of(tag)
    if not (address := attributes.get("src", "")):
        return None
    image = _IMAGE.fullmatch(
        markdown_image("x", attributes.get("alt", ""), attributes.get("title", ""))
    )
    return (address, image["alt"], image["title"] or "") if image else None


def _file_name(name: str) -> str:
    return name.rpartition("/")[2].lower()
