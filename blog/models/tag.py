"""Tags of posts."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    ForeignKey,
    Index,
    SmallInteger,
    String,
    func,
    select,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import NullType

from blog.models.base import Base, Count, RowId


class Tag(Base):
    """A tag, in the spelling of the first post that had it.

    `folded` is the same for all spellings (`blog.core.text.tags.fold_tag`). Triggers count the
    public posts by people who are not limited, and, in `tag_ranges`, the tags that have any and are
    not blocked. When a limit begins or ends, a job updates the counts.

    A tag that moderators have merged into another one is an alias of that one, and renaming a tag
    leaves such an alias behind. A blocked tag is shown nowhere, and can't be added to posts.
    """

    __tablename__ = "tags"

    id: Mapped[RowId]
    name: Mapped[str] = mapped_column(String(50))
    folded: Mapped[str] = mapped_column(String(100, collation="C"), unique=True)
    post_count: Mapped[Count]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("tags.id"))
    blocked_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
        Index("ix_tags_blocked", "folded", postgresql_where=text("blocked_at IS NOT NULL")),
        Index("ix_tags_by_use", "post_count", "id", postgresql_where=text("post_count > 0")),
        Index("ix_tags_by_name", "folded", postgresql_where=text("post_count > 0")),
    )


class PostTag(Base):
    """A tag of a post, at the position that the author chose.

    Triggers copy the author and the time of publication from the post; `published_at` is NULL
    unless the post is public (`blog.models.post.is_public`) and lists have its author
    (`blog.models.measure.is_in_lists`).
    """

    __tablename__ = "post_tags"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), primary_key=True)
    position: Mapped[int] = mapped_column(SmallInteger)
    author_id: Mapped[int]
    published_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "tag_id", "post_id"),
        # The list of a tag. Includes the author, to skip posts of deleted accounts.
        Index(
            "ix_post_tags_public",
            "tag_id",
            "published_at",
            "post_id",
            postgresql_where=text("published_at IS NOT NULL"),
            postgresql_include=["author_id"],
        ),
    )


def names_of_tags(post_id: Any) -> ColumnElement[list[str]]:
    """The tags of a post as an array, in their order, read by the statement that reads the post.

    It uses columns of tables, because those of mapped classes would turn each list that has it into
    a query of the ORM, which takes twice as long. The driver already returns lists, which a type
    would only process again.

    Args:
        post_id: the column with the id of the post.
    """
    tags, post_tags = Tag.__table__, PostTag.__table__
    names = (
        select(tags.c.name)
        .join_from(post_tags, tags, tags.c.id == post_tags.c.tag_id)
        .where(post_tags.c.post_id == post_id, tags.c.blocked_at.is_(None))
        .order_by(post_tags.c.position)
        .correlate_except(post_tags, tags)
    )
    return func.array(names.scalar_subquery(), type_=NullType())
