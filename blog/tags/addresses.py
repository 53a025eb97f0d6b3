"""The URLs of tags: each tag has one, and all other spellings redirect to it."""

from typing import Any

from quart import url_for

from blog.core.text.tags import address_of_tag


def tag_url(name: str, **values: Any) -> str:
    """The URL of the page of a tag.

    Args:
        name: the tag, in any spelling.
        values: further arguments of `url_for`.
    """
    return url_for("tags.show", tag=address_of_tag(name), **values)
