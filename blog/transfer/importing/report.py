"""What an import has brought, in words."""

from collections.abc import Mapping, Sequence

# Of names in one remark.
NAMED_AT_ONCE = 50
_COUNTS = (
    ("published", "1 post", "{:,} posts"),
    ("draft", "1 draft", "{:,} drafts"),
    ("scheduled", "1 scheduled post", "{:,} scheduled posts"),
    ("revisions", "1 earlier revision", "{:,} earlier revisions"),
    ("copies", "1 post with unpublished changes", "{:,} posts with unpublished changes"),
    ("comments", "1 comment", "{:,} comments"),
    ("likes", "1 like of what you wrote yourself", "{:,} likes of what you wrote yourself"),
    ("bookmarks", "1 bookmark of your own post", "{:,} bookmarks of your own posts"),
    ("images", "1 image", "{:,} images"),
    ("follows", "1 person you follow", "{:,} people you follow"),
    ("tags", "1 tag you follow", "{:,} tags you follow"),
    ("muted", "1 person you've muted", "{:,} people you've muted"),
    ("blocked", "1 person you've blocked", "{:,} people you've blocked"),
    ("hidden", "1 word or tag you hide", "{:,} words and tags you hide"),
    ("folders", "1 bookmark folder", "{:,} bookmark folders"),
    ("mail", "what you get by email", "{:,} settings for email"),
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


def named(text: str, names: Sequence[str]) -> list[str]:
    """A remark with names, some at a time.

    Args:
        text: with a place for `{names}`.
    """
    return [
        text.format(names=", ".join(names[start : start + NAMED_AT_ONCE]))
        for start in range(0, len(names), NAMED_AT_ONCE)
    ]
