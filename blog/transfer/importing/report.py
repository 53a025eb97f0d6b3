"""What an import has brought, in words."""

from collections.abc import Mapping

_COUNTS = (
    ("published", "1 post", "{:,} posts"),
    ("draft", "1 draft", "{:,} drafts"),
    ("scheduled", "1 scheduled post", "{:,} scheduled posts"),
    ("revisions", "1 earlier revision", "{:,} earlier revisions"),
    ("copies", "1 post with unpublished changes", "{:,} posts with unpublished changes"),
    ("comments", "1 comment", "{:,} comments"),
    ("images", "1 image", "{:,} images"),
    ("follows", "1 person you follow", "{:,} people you follow"),
    ("tags", "1 tag you follow", "{:,} tags you follow"),
    ("profile", "1 field of your profile", "{:,} fields of your profile"),
    ("avatar", "your profile picture", "{:,} profile pictures"),
    ("known", "1 item that was already here", "{:,} items that were already here"),
    ("left_out", "1 item that can't be imported", "{:,} items that can't be imported"),
)
# What is counted besides.
NOTHING_NEW = {"known", "unreadable", "left_out"}


def brings_something(counts: Mapping[str, int]) -> bool:
    """Whether there is anything that can be imported."""
    return any(number for name, number in counts.items() if name not in NOTHING_NEW)


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
