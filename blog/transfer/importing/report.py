"""The results of an import, in words."""

from collections.abc import Callable, Mapping, Sequence

from blog.core.i18n import LazyText, ngettext
from blog.core.i18n import gettext as _

# Names in one remark.
NAMED_AT_ONCE = 50
# In the order in which they are listed.
_COUNTS: dict[str, Callable[[int], str]] = {
    "published": lambda number: ngettext("%(num)s post", "%(num)s posts", number),
    "draft": lambda number: ngettext("%(num)s draft", "%(num)s drafts", number),
    "scheduled": lambda number: ngettext(
        "%(num)s scheduled post", "%(num)s scheduled posts", number
    ),
    "revisions": lambda number: ngettext(
        "%(num)s earlier revision", "%(num)s earlier revisions", number
    ),
    "copies": lambda number: ngettext(
        "%(num)s post with unpublished changes", "%(num)s posts with unpublished changes", number
    ),
    "comments": lambda number: ngettext("%(num)s comment", "%(num)s comments", number),
    "likes": lambda number: ngettext(
        "%(num)s like of what you wrote yourself",
        "%(num)s likes of what you wrote yourself",
        number,
    ),
    "bookmarks": lambda number: ngettext(
        "%(num)s bookmark of your own post", "%(num)s bookmarks of your own posts", number
    ),
    "images": lambda number: ngettext("%(num)s image", "%(num)s images", number),
    "follows": lambda number: ngettext(
        "%(num)s person you follow", "%(num)s people you follow", number
    ),
    "tags": lambda number: ngettext("%(num)s tag you follow", "%(num)s tags you follow", number),
    "muted": lambda number: ngettext(
        "%(num)s person you've muted", "%(num)s people you've muted", number
    ),
    "blocked": lambda number: ngettext(
        "%(num)s person you've blocked", "%(num)s people you've blocked", number
    ),
    "hidden": lambda number: ngettext(
        "%(num)s word or tag you hide", "%(num)s words and tags you hide", number
    ),
    "folders": lambda number: ngettext(
        "%(num)s bookmark folder", "%(num)s bookmark folders", number
    ),
    "mail": lambda number: ngettext("what you get by email", "%(num)s settings for email", number),
    "profile": lambda number: ngettext(
        "%(num)s field of your profile", "%(num)s fields of your profile", number
    ),
    "avatar": lambda number: ngettext("your profile picture", "%(num)s profile pictures", number),
    "known": lambda number: ngettext(
        "%(num)s item that was already here", "%(num)s items that were already here", number
    ),
    "left_out": lambda number: ngettext(
        "%(num)s item that can't be imported", "%(num)s items that can't be imported", number
    ),
}
# Counts of items that bring nothing new.
NOTHING_NEW = {"known", "unreadable", "left_out"}


def has_anything_new(counts: Mapping[str, int]) -> bool:
    """Whether anything can be imported."""
    return any(number for name, number in counts.items() if name not in NOTHING_NEW)


def summary(counts: Mapping[str, int]) -> list[str]:
    """List the counts in words, such as "12 posts", without zeros.

    Args:
        counts: the counts that `Writer.write` returns.
    """
    lines = [text(number) for name, text in _COUNTS.items() if (number := counts.get(name, 0))]
    return lines or [_("nothing")]


def format_names(text: LazyText, names: Sequence[str]) -> list[str]:
    """Format remarks with names, at most `NAMED_AT_ONCE` in each.

    Args:
        text: the remark, with a place for `%(names)s`.
    """
    return [
        str(text.with_values(names=", ".join(names[start : start + NAMED_AT_ONCE])))
        for start in range(0, len(names), NAMED_AT_ONCE)
    ]
