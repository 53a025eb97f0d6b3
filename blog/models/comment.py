"""Comments."""

from datetime import datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId, SubmissionKey, once_a_submission
from blog.models.post import Post
from blog.models.user import User


class Comment(Base):
    """A comment on a post, in inline Markdown.

    Lists are in the order of the ids. A disabled comment keeps its place, but only its author and
    moderators see its text. Triggers of this table update `posts.comment_count`.
    """

    __tablename__ = "comments"

    EDITABLE_FOR = timedelta(minutes=15)

    id: Mapped[RowId]
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    renderer_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    submission: Mapped[SubmissionKey]

    post: Mapped[Post] = relationship(lazy="raise")
    author: Mapped[User] = relationship(lazy="raise", foreign_keys=author_id)
    disabled_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=disabled_by_id)

    __table_args__ = (
        once_a_submission("comments"),
        CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_with_a_reason"
        ),
        # Includes the author, to skip comments of deleted accounts.
        Index(None, "post_id", "id", postgresql_include=["author_id"]),
        Index(None, "disabled_by_id", postgresql_where=text("disabled_by_id IS NOT NULL")),
    )

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None
