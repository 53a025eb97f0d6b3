"""Cover images of posts."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.dialects.postgresql import JSONB

from blog.models.media import Media
from blog.models.media_file import MediaFile, MediaState


class Cover(NamedTuple):
    """The cover image of a post: an immutable value.

    Attributes:
        id: the id of the `Media`.
        name, colour, variants: as in its `MediaFile`.
    """

    id: int
    name: str
    alt: str
    colour: str
    variants: tuple[tuple[int, int], ...]

    @classmethod
    def read(cls, facts: Sequence[Any] | None) -> "Cover | None":
        """The cover in a row of `facts_of_cover`."""
        if facts is None:
            return None
        id_, name, alt, colour, variants = facts
        return cls(id_, name, alt, colour, tuple((width, height) for width, height in variants))


def facts_of_cover(cover_id: Any, alt: Any) -> ColumnElement[list[Any] | None]:
    """The cover of a post as an array, read by the statement that reads the post.

    NULL without a cover, which costs nothing, and for an image that could not be processed.

    Args:
        cover_id: the column with the id of the image.
        alt: the column with its alternative text on this post; NULL for that of the image.
    """
    text = func.coalesce(alt, Media.alt)
    columns = (Media.id, Media.name, text, MediaFile.colour, MediaFile.variants)
    facts = (
        select(func.jsonb_build_array(*columns, type_=JSONB))
        .join_from(Media, MediaFile, MediaFile.name == Media.name)
        .where(Media.id == cover_id, MediaFile.state != MediaState.FAILED)
        .correlate_except(Media, MediaFile)
    )
    return case((cover_id.is_not(None), facts.scalar_subquery()))
