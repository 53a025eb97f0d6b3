"""Moderators' notes about people."""

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.user import User


class ModeratorNote(Base):
    """A note of a moderator about a person. Only moderators see it.

    Attributes:
        author_id: who wrote it; `None` once their account is deleted.
        report_id: the report on which they wrote it, if any.
    """

    __tablename__ = "moderator_notes"

    id: Mapped[RowId]
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    report_id: Mapped[int | None] = mapped_column(ForeignKey("reports.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    submission: Mapped[SubmissionKey]

    author: Mapped[User | None] = relationship(lazy="raise", foreign_keys=author_id)

    __table_args__ = (
        unique_submission_index("moderator_notes"),
        # The notes about a person, the newest first.
        Index(None, "person_id", "id"),
        Index(None, "report_id", postgresql_where=sql("report_id IS NOT NULL")),
    )
