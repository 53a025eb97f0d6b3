"""The Markdown that shows an image."""

import re

from blog.models import Media

_SPECIAL = re.compile(r"([\\\[\]`*_<>&!~])")


def literal(text: str) -> str:
    """A text in Markdown that shows its characters as they are."""
    return _SPECIAL.sub(r"\\\1", text)


def markdown_of(media: Media) -> str:
    """What to insert into a text: `![alt](/media/…)`, with the caption as title."""
    alt = literal(media.alt)
    title = media.caption.replace("\\", r"\\").replace('"', r"\"").replace("&", "&amp;")
    return f'![{alt}](/media/{media.name} "{title}")' if title else f"![{alt}](/media/{media.name})"
