"""All pages that combine several features."""

from blog.site import (
    accent,
    appearance,
    archive,
    bookmarks,
    comment_cards,
    explore,
    home,
    information,
    language,
    people,
    post,
    profile,
)
from blog.site.blueprint import blueprint

__all__ = [
    "accent", "appearance", "archive", "blueprint", "bookmarks", "comment_cards", "explore", "home",
    "information", "language", "people", "post", "profile",
]  # fmt: skip
