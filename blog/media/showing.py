"""URLs of images for templates."""

from collections.abc import Iterable, Sequence

from blog.core.web.app import current_app
from blog.media.sizes import variant_path


def image_url(name: str, width: int) -> str:
    """The URL of a file in one of its sizes, at `MEDIA_URL` if that is set."""
    return (current_app.settings.media_url or "") + variant_path(name, width)


def image_srcset(name: str, variants: Iterable[Sequence[int]]) -> str:
    """The `srcset` of a file (HTML Standard, 4.8.4.2.1).

    Args:
        variants: the width and height of each variant.
    """
    return ", ".join(f"{image_url(name, width)} {width}w" for width, _ in variants)
