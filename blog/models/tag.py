"""Tags of posts."""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    func,
    select,
)
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, RowId


class Tag(Base):
    """A tag, in the spelling of the first post that had it.

    `folded` is the same for all spellings (`blog.core.text.tags.fold_tag`).
    """

    __tablename__ = "tags"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(50))
    folded: Mapped[str] = mapped_column(String(100, collation="C"), unique=True)


class PostTag(Base):
    """A post has a tag, in the place where its author put it."""

    __tablename__ = "post_tags"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)

    __table_args__ = (Index(None, "tag_id", "post_id"),)


def names_of_tags(post_id: Any) -> ColumnElement[list[str]]:
    """The tags of a post as an array, in their order, read by the statement that reads the post.

    Args:
        post_id: the column with the id of the post.
    """
    names = (
        select(Tag.name)
        .join_from(PostTag, Tag, Tag.id == PostTag.tag_id)
        .where(PostTag.post_id == post_id)
        .order_by(PostTag.position)
        .correlate_except(PostTag, Tag)
    )
    return func.array(names.scalar_subquery(), type_=ARRAY(String))
