"""Pictures of people: identicons of our own, and the addresses of Gravatar's."""

import hashlib
import re

# Part of every seed: raise it when the drawing changes, since the drawn ones are cached for ever.
DRAWING = 1
SIZE = 5
# Hues 30 degrees apart, each as light as gives it a contrast of 4:1 on white and on near-black.
COLOURS = (
    "#cc4f4f", "#a76b30", "#7d7d24", "#568527", "#288b28", "#288958",
    "#278585", "#387cc0", "#6d6dd5", "#975dd0", "#c63ac6", "#ca4889",
)  # fmt: skip
GRAVATAR = "https://www.gravatar.com"


def identicon_seed(key: str) -> str:
    """All that the identicon of `key` is drawn from, for its address: 16 hexadecimal digits.

    Args:
        key: what tells one picture from another. It must be public: whoever knows the seed
            can try keys until one fits, so that an e-mail address would be given away.
    """
    return hashlib.sha256(f"identicon {DRAWING} {key}".encode()).hexdigest()[:16]


def identicon(seed: str) -> str:
    """Draw a symmetrical pattern of 5 by 5 fields in one colour, as SVG.

    The ground is the colour itself, thin: it goes with a light page and with a dark one. The
    margin leaves the pattern whole where the picture is shown in a circle.

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
    """Where Gravatar keeps the picture of an address, and draws one if it has none.

    Args:
        address_hash: SHA-256 of the address in lower case, in hexadecimal digits
            (Gravatar's developer documentation, "Creating the Hash").
        size: width and height in pixels.
    """
    return f"{GRAVATAR}/avatar/{address_hash}?s={size}&d=identicon&r=g"
