"""Reports to the moderators."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, FetchedValue, ForeignKey, Index, String, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.core.clock import now
from blog.models.base import Base, CreatedAt, RowId
from blog.models.comment import Comment
from blog.models.post import Post
from blog.models.user import User

# How long a moderator has a report to themselves.
CLAIMED_FOR = timedelta(hours=1)


class ReportState(StrEnum):
    """The state of a report."""

    OPEN = "open"
    RESOLVED = "resolved"
    DISMISSED = "dismissed"


class Report(Base):
    """A user's report that a post or a comment breaks the rules. Each user reports an item once.

    Attributes:
        author_id: the author of the item; a trigger fills it in.
        category: `spam`, `other`, or the number of a rule.
        rule: the number and the text of that rule, as they were then.
        remark: the note of the moderator who closed it, for other moderators; NULL if that was
            before remarks were stored here.
        answer: their answer to the reporter.
        claimed_by_id: the moderator who has been working on it since `claimed_at`.
    """

    __tablename__ = "reports"

    id: Mapped[RowId]
    reporter_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    author_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), server_default=FetchedValue()
    )
    category: Mapped[str] = mapped_column(String(5), server_default="other", default="other")
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    state: Mapped[ReportState] = mapped_column(
        String(9), server_default=ReportState.OPEN, default=ReportState.OPEN
    )
    closed_at: Mapped[datetime | None]
    remark: Mapped[str | None] = mapped_column(Text)
    answer: Mapped[str | None] = mapped_column(Text)
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    claimed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    claimed_at: Mapped[datetime | None]

    reporter: Mapped[User] = relationship(lazy="raise", foreign_keys=reporter_id)
    author: Mapped[User] = relationship(lazy="raise", foreign_keys=author_id)
    post: Mapped[Post | None] = relationship(lazy="raise")
    comment: Mapped[Comment | None] = relationship(lazy="raise")
    closed_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=closed_by_id)
    claimed_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=claimed_by_id)

    __table_args__ = (
        CheckConstraint("num_nonnulls(post_id, comment_id) = 1", name="about_one_thing"),
        CheckConstraint("state IN ('open', 'resolved', 'dismissed')", name="state"),
        CheckConstraint("(state = 'open') = (closed_at IS NULL)", name="closed_at"),
        Index("uq_reports_post_id_reporter_id", "post_id", "reporter_id", unique=True),
        Index("uq_reports_comment_id_reporter_id", "comment_id", "reporter_id", unique=True),
        CheckConstraint("(rule IS NULL) = (category IN ('spam', 'other'))", name="category"),
        # The two lists of moderators, the newest first, also by category.
        Index("ix_reports_open", "id", postgresql_where=text("closed_at IS NULL")),
        Index("ix_reports_closed", "id", postgresql_where=text("closed_at IS NOT NULL")),
        Index(
            "ix_reports_open_of_category", "category", "id",
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_reports_closed_of_category", "category", "id",
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
        # The reports about the texts of a person.
        Index(None, "author_id", "id"),
        Index(None, "closed_by_id", postgresql_where=text("closed_by_id IS NOT NULL")),
        Index(None, "claimed_by_id", postgresql_where=text("claimed_by_id IS NOT NULL")),
    )  # fmt: skip

    @property
    def is_open(self) -> bool:
        return self.state == ReportState.OPEN

    @property
    def is_claimed(self) -> bool:
        """Whether a moderator is working on it."""
        return self.claimed_at is not None and self.claimed_at + CLAIMED_FOR > now()

    @property
    def about(self) -> Post | Comment:
        """The reported item."""
        about = self.post or self.comment
        assert about is not None  # noqa: S101 - the check constraint says so
        return about
