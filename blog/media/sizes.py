"""The names, URLs and sizes of images, and the keys of the stored objects.

All of them are determined when a file is uploaded, so that a post can be rendered before its images
are processed.
"""

import base64
import re
from typing import NamedTuple

from blog.core.i18n import format_decimal, format_number
from blog.core.i18n import gettext as _

# A digest of the uploaded bytes: 160 bits of SHA-256 in base 32.
NAME = re.compile("[a-z2-7]{32}")
WIDTHS = (480, 960, 1920)
# Each frame of an animation has to be processed.
WIDEST_ANIMATION = 960
# The tallest image that WebP can hold.
TALLEST = 16_383

ORIGINALS = "originals"


class Size(NamedTuple):
    """Width and height in pixels."""

    width: int
    height: int


def name_from_digest(digest: bytes) -> str:
    """The name of a file.

    Args:
        digest: the SHA-256 of its content; for the same file in other sizes, another digest.
    """
    return base64.b32encode(digest[:20]).decode().lower()


def variant_sizes(width: int, height: int, frames: int = 1) -> list[Size]:
    """The sizes in which an image is served, the smallest first. None is larger than the image.

    Args:
        width, height: the size of the image, when it is upright.
        frames: the number of frames; more than one for an animation.
    """
    widest = WIDEST_ANIMATION if frames > 1 else WIDTHS[-1]
    scale = min(1.0, widest / width, TALLEST / height)
    largest = max(1, round(width * scale))
    return [
        Size(each, max(1, min(TALLEST, round(height * each / width))))
        for each in (*(each for each in WIDTHS if each < largest), largest)
    ]


def variant_path(name: str, width: int) -> str:
    """The URL path of a variant."""
    return f"/media/{name}-{width}.webp"


def original_key(name: str, generation: str) -> str:
    """The key of an upload, until it is processed."""
    return f"{ORIGINALS}/{name[:2]}/{name}-{generation}.bin"


def variant_key(name: str, generation: str, width: int) -> str:
    """The key of a variant."""
    return f"media/{name[:2]}/{name}-{generation}-{width}.webp"


def size_text(size: int) -> str:
    """Format a number of bytes for people, such as "3.2 MB"."""
    if size >= 1024**3:
        return _("%(number)s GB", number=format_decimal(size / 1024**3))
    if size >= 1024**2:
        return _("%(number)s MB", number=format_decimal(size / 1024**2))
    return _("%(number)s kB", number=format_number(-(-size // 1024)))
