"""Reports to the moderators."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId
from blog.models.comment import Comment
from blog.models.post import Post
from blog.models.user import User


class ReportState(StrEnum):
    """The state of a report."""

    OPEN = "open"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Report(Base):
    """A user's report that a post or a comment breaks the rules. Each user reports an item once."""

    __tablename__ = "reports"

    id: Mapped[RowId]
    reporter_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    state: Mapped[ReportState] = mapped_column(
        String(9), server_default=ReportState.OPEN, default=ReportState.OPEN
    )
    closed_at: Mapped[datetime | None]
    # What the moderator who closed it has remarked; NULL if that was before remarks were kept here.
    remark: Mapped[str | None] = mapped_column(Text)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    reporter: Mapped[User] = relationship(lazy="raise", foreign_keys=reporter_id)
    post: Mapped[Post | None] = relationship(lazy="raise")
    comment: Mapped[Comment | None] = relationship(lazy="raise")
    closed_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=closed_by_id)

    __table_args__ = (
        CheckConstraint("num_nonnulls(post_id, comment_id) = 1", name="about_one_thing"),
        CheckConstraint("state IN ('open', 'resolved', 'dismissed')", name="state"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_at"),
        Index("uq_reports_post_id_reporter_id", "post_id", "reporter_id", unique=True),
        Index("uq_reports_comment_id_reporter_id", "comment_id", "reporter_id", unique=True),
        # The two lists of moderators, the newest first.
        Index("ix_reports_open", "id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_reports_closed", "id", postgresql_where=text("closed_at IS NOT NULL")),
        Index(None, "closed_by_id", postgresql_where=text("closed_by_id IS NOT NULL")),
    )

    @property
    def is_open(self) -> bool:
        return self.state == ReportState.OPEN

    @property
    def about(self) -> Post | Comment:
        """The reported item."""
        about = self.post or self.comment
        assert about is not None  # noqa: S101 - the check constraint says so
        return about
