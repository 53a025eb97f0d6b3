"""What an import has brought, in words."""

from collections.abc import Mapping

_COUNTS = (
    ("published", "1 post", "{:,} posts"),
    ("draft", "1 draft", "{:,} drafts"),
    ("scheduled", "1 scheduled post", "{:,} scheduled posts"),
    ("images", "1 image", "{:,} images"),
    ("known", "1 item that was already here", "{:,} items that were already here"),
    ("left_out", "1 item that can't be imported", "{:,} items that can't be imported"),
)


def brings_posts(counts: Mapping[str, int]) -> bool:
    """Whether there are posts of any kind."""
    return any(counts.get(name, 0) for name in ("published", "draft", "scheduled"))


def summary(counts: Mapping[str, int]) -> list[str]:
    """How much there is of each, such as "12 posts"; what there is none of is left out.

    Args:
        counts: as `Writer.write` counts them.
    """
    lines = [
        one if number == 1 else several.format(number)
        for name, one, several in _COUNTS
        if (number := counts.get(name, 0))
    ]
    return lines or ["nothing"]
