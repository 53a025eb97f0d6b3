"""Avatars: identicons drawn here, and the URLs of Gravatar's images."""

import hashlib
import re

# Part of every seed. Raise it when the drawing changes, because images are cached for ever.
DRAWING = 1
SIZE = 5
# Hues 30 degrees apart, each with a contrast of 4:1 against both white and near-black.
COLOURS = (
    "#cc4f4f", "#a76b30", "#7d7d24", "#568527", "#288b28", "#288958",
    "#278585", "#387cc0", "#6d6dd5", "#975dd0", "#c63ac6", "#ca4889",
)  # fmt: skip
GRAVATAR = "https://www.gravatar.com"


def identicon_seed(key: str) -> str:
    """The seed of an identicon, for its URL: 16 hexadecimal digits.

    Args:
        key: identifies the picture. It must be public, because the key can be found from the seed
            by trial: an email address would leak.
    """
    return hashlib.sha256(f"identicon {DRAWING} {key}".encode()).hexdigest()[:16]


def identicon(seed: str) -> str:
    """Draw a symmetrical pattern of 5 by 5 fields in one colour, as SVG.

    The background is a transparent tint of the colour, which suits light and dark pages. The margin
    keeps the pattern whole in a circular crop.

    Raises:
        ValueError: `seed` was not made by `identicon_seed`.
    """
    if not re.fullmatch("[0-9a-f]{16}", seed):
        raise ValueError("a seed has 16 hexadecimal digits")
    hue, pattern = divmod(int(seed, 16), 2**16)
    colour = COLOURS[hue % len(COLOURS)]
    half = (SIZE + 1) // 2
    fields = [
        f"M{column} {row}h1v1h-1z"
        for row in range(SIZE)
        for column in range(SIZE)
        if pattern >> (row * half + min(column, SIZE - 1 - column)) & 1
    ]
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-1.5 -1.5 8 8" '
        f'shape-rendering="crispEdges" fill="{colour}">'
        '<path fill-opacity=".16" d="M-1.5-1.5h8v8h-8z"/>'
        f'<path d="{"".join(fields)}"/></svg>'
    )


def gravatar_url(address_hash: str, size: int) -> str:
    """The URL of Gravatar's image for an email address; Gravatar draws an identicon if it has
    none.

    Args:
        address_hash: SHA-256 of the address in lower case, in hexadecimal digits
            (Gravatar's developer documentation, "Creating the Hash").
        size: width and height in pixels.
    """
    return f"{GRAVATAR}/avatar/{address_hash}?s={size}&d=identicon&r=g"
