"""The Markdown that shows an image."""

import re

from blog.models import Media

_SPECIAL = re.compile(r"([\\\[\]`*_<>&!~])")


def escape_markdown(text: str) -> str:
    """Escape a text, so that Markdown shows its characters as they are."""
    return _SPECIAL.sub(r"\\\1", text)


def markdown_of(media: Media) -> str:
    """The Markdown of an image: `![alt](/media/…)`, with the caption as the title."""
    alt = escape_markdown(media.alt)
    title = media.caption.replace("\\", r"\\").replace('"', r"\"").replace("&", "&amp;")
    return f'![{alt}](/media/{media.name} "{title}")' if title else f"![{alt}](/media/{media.name})"
