"""Surrogate keys: names for the things that a page shows, with which a cache purges all such pages.

They are short and have only lower-case letters, digits and hyphens, which every cache accepts.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from blog.core.text.tags import fold_tag

# All pages.
SITE = "site"
# The list of the newest posts.
NEWEST = "newest"
_PLAIN = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_DIGEST_BYTES = 6


def post_key(post_id: int) -> str:
    """The key of pages that show a post, or link to it by its title."""
    return f"post-{post_id}"


def user_key(user_id: int) -> str:
    """The key of pages that show a person, or what they have written."""
    return f"user-{user_id}"


def tag_key(name: str) -> str:
    """The key of pages that list posts with a tag; other letters than a-z make it a digest."""
    folded = fold_tag(name)
    if _PLAIN.fullmatch(folded):
        return f"tag-{folded}"
    digest = hashlib.blake2s(folded.encode(), digest_size=_DIGEST_BYTES)
    return f"tag--{digest.hexdigest()}"


def keys_of_list(posts: Sequence[Any]) -> Iterator[str]:
    """The keys of posts in a list, and of their authors.

    Args:
        posts: rows of a `blog.posts.lists.PostList`, with or without an author.
    """
    for post in posts:
        yield post_key(post.id)
        if (author := getattr(post, "author", None)) is not None:
            yield user_key(author.id)
