"""Detecting the format of an upload by its content, because its name and type may be wrong."""

import re

from blog.core.i18n import lazy_gettext

# The number of bytes that determine the format.
HEAD = 64

_SIGNATURES = (
    ("jpeg", re.compile(rb"\xff\xd8\xff")),
    ("png", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("gif", re.compile(rb"GIF8[79]a")),
    ("webp", re.compile(rb"RIFF.{4}WEBP", re.DOTALL)),
)
# ISO/IEC 14496-12, "File Type Box": the length, the type, and the brands of the file.
_BRANDS = re.compile(rb"\0\0\0([\x0c-\x3c])ftyp", re.DOTALL)
_AVIF = {b"avif", b"avis"}
_HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}

# Documents that some programs detect anywhere in a file.
_DOCUMENT = re.compile(rb"<(?:script|html|iframe|!doctype)[\s>/]|%PDF-1", re.IGNORECASE)
# The end of a ZIP archive (APPNOTE.TXT, 4.3.16), with the length of its comment.
_END_OF_ZIP = b"PK\x05\x06"
_LENGTH_OF_END = 22
_LONGEST_COMMENT = 65_535

EMPTY = lazy_gettext("This file is empty.")
NO_IMAGE = lazy_gettext(
    "This isn't a supported image. Please upload a JPEG, PNG, GIF, WebP or AVIF file."
)
HEIC = lazy_gettext(
    "HEIC photos aren't supported. Please save or export it as JPEG first. To take JPEG "
    "photos on an iPhone, go to Settings, Camera, Formats and choose Most Compatible."
)
SVG = lazy_gettext("SVG files aren't supported. Please convert it to PNG first.")
TWO_THINGS = lazy_gettext("This file is both an image and something else, so we can't accept it.")


class UnsuitableFileError(ValueError):
    """The file can't be accepted; the message is for the person who sent it."""


def detect_format(head: bytes) -> str:
    """Detect the format of an image.

    Args:
        head: the first `HEAD` bytes.

    Returns:
        jpeg, png, gif, webp or avif.

    Raises:
        UnsuitableFileError: it isn't a supported image.
    """
    if not head:
        raise UnsuitableFileError(EMPTY)
    for kind, signature in _SIGNATURES:
        if signature.match(head):
            return kind
    if box := _BRANDS.match(head):
        brands = {head[start : start + 4] for start in range(8, box[1][0], 4)}
        if brands & _AVIF:
            return "avif"
        if brands & _HEIC:
            raise UnsuitableFileError(HEIC)
    if b"<svg" in head.lower():
        raise UnsuitableFileError(SVG)
    raise UnsuitableFileError(NO_IMAGE)


def refuse_polyglot(content: bytes) -> None:
    """Refuse an image that is also an HTML page, a PDF or a ZIP archive.

    Other data after the end of an image are fine: phones put videos and more pictures there.

    Raises:
        UnsuitableFileError: it is one of these.
    """
    if _DOCUMENT.search(content) or _ends_as_zip(content):
        raise UnsuitableFileError(TWO_THINGS)


def _ends_as_zip(content: bytes) -> bool:
    start = content.rfind(_END_OF_ZIP, max(0, len(content) - _LENGTH_OF_END - _LONGEST_COMMENT))
    if start < 0 or start + _LENGTH_OF_END > len(content):
        return False
    comment = int.from_bytes(content[start + 20 : start + 22], "little")
    return start + _LENGTH_OF_END + comment == len(content)
