"""Posts."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    and_,
    literal_column,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.core.text.excerpts import shown_in_lists
from blog.models.base import Base, Count, CreatedAt, RowId, SubmissionKey, once_a_submission
from blog.models.user import User


class PostStatus(StrEnum):
    """Whether a post is published."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"


# The planner uses a partial index only if the query contains the index's condition.
_PUBLISHED: ColumnElement[str] = literal_column("'published'")


def is_public(posts: Any) -> ColumnElement[bool]:
    """Whether a post is public, apart from the deletion of its author.

    Args:
        posts: the mapped class, or the columns of its table.
    """
    return and_(posts.status == _PUBLISHED, posts.hidden_at.is_(None))


class Post(Base):
    """A post: its Markdown, and the HTML that was rendered from it on write.

    Lists are in the order (`published_at`, `id`). Triggers of this table update `users.post_count`
    and `post_days`, which count public posts: published, and not hidden.
    """

    __tablename__ = "posts"

    id: Mapped[RowId]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    # The excerpt for lists (`blog.core.text.excerpts`); NULL if the post is short, or older than
    # excerpts.
    excerpt: Mapped[str | None] = mapped_column(Text)
    renderer_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
    status: Mapped[PostStatus] = mapped_column(
        String(9), server_default=PostStatus.PUBLISHED, default=PostStatus.PUBLISHED
    )
    # The time of publication: the start of the transaction, or the original time of an imported
    # post.
    # For a scheduled post in the future; for a draft it may be NULL.
    published_at: Mapped[datetime | None] = mapped_column(server_default=text("now()"))
    edited_at: Mapped[datetime | None]
    # Incremented by each edit; editors send the version that they have loaded.
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    # When a moderator hid the post. Only moderators see it, and no list shows it.
    hidden_at: Mapped[datetime | None]
    comment_count: Mapped[Count]
    submission: Mapped[SubmissionKey]

    author: Mapped[User] = relationship(lazy="raise")

    @property
    def is_public(self) -> bool:
        """Whether the post is public."""
        return self.status == PostStatus.PUBLISHED and self.hidden_at is None

    @property
    def beginning(self) -> str:
        """The HTML that a list shows of it."""
        return self._shown_in_lists[0]

    @property
    def is_cut(self) -> bool:
        """Whether lists show only an excerpt."""
        return self._shown_in_lists[1]

    @property
    def _shown_in_lists(self) -> tuple[str, bool]:
        return shown_in_lists(self.excerpt, self.body_html, len(self.body_html.encode()))

    __table_args__ = (
        once_a_submission("posts"),
        CheckConstraint("status IN ('draft', 'scheduled', 'published')", name="status"),
        CheckConstraint("status = 'draft' OR published_at IS NOT NULL", name="published_at"),
        Index(None, "author_id", "id"),
        # The lists of one author, and of all. Includes the author, to skip posts of deleted
        # accounts.
        Index(
            "ix_posts_public_of_author",
            "author_id",
            "published_at",
            "id",
            postgresql_where=text("status = 'published' AND hidden_at IS NULL"),
        ),
        Index(
            "ix_posts_public",
            "published_at",
            "id",
            postgresql_where=text("status = 'published' AND hidden_at IS NULL"),
            postgresql_include=["author_id"],
        ),
        # Of one status, such as those that are to be published next.
        Index(
            "ix_posts_unpublished",
            "status",
            "published_at",
            postgresql_where=text("status <> 'published'"),
        ),
        Index("ix_posts_hidden", "id", postgresql_where=text("hidden_at IS NOT NULL")),
        # Leaves room for HOT updates, as in `users`: of the comment count and of rerendered HTML.
        {"postgresql_with": {"fillfactor": 90}},
    )
