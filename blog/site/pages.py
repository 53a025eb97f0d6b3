"""All pages that combine several features."""

from blog.site import appearance, archive, bookmarks, explore, home, people, post, profile
from blog.site.blueprint import blueprint

__all__ = [
    "appearance", "archive", "blueprint", "bookmarks", "explore", "home", "people", "post",
    "profile",
]  # fmt: skip
