"""Measures that moderators take, and appeals against them."""

from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    Text,
    select,
)
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.core.clock import now
from blog.models.base import Base, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.user import User


class MeasureKind(StrEnum):
    """The effect of a measure: it reminds a person of a rule, hides one of their posts or comments,
    hides all of them, keeps their texts out of lists, stops them from writing until a time, or
    disables their account."""

    REMIND = "remind"
    HIDE = "hide"
    HIDE_ALL = "hide_all"
    LIMIT = "limit"
    PAUSE = "pause"
    DISABLE = "disable"


_LIMITED = User.__table__.alias("limited")


def is_in_lists(author_id: Any) -> ColumnElement[bool]:
    """Whether public lists show this person and their texts: no moderator has limited them.

    The timelines of their followers still have the texts, and so do their own pages, so
    `visible_to` does not check this. PostgreSQL reads the ids of all limited people once into a
    hash table ("hashed SubPlan").
    """
    limited = select(_LIMITED.c.id).where(_LIMITED.c.limited_at.is_not(None))
    return cast("ColumnElement[bool]", author_id.not_in(limited))


class Measure(Base):
    """A measure that a moderator took. It ends when it is lifted; a pause also ends automatically.

    Attributes:
        moderator_id: who took it; `None` for the operator, and once their account is deleted.
        rule: the number and the text of the rule that was broken, as they were then.
        until: when a pause ends.
        post_id, comment_id: the hidden post or comment.
    """

    __tablename__ = "measures"

    id: Mapped[RowId]
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    moderator_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[MeasureKind] = mapped_column(String(8))
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    until: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    submission: Mapped[SubmissionKey]

    person: Mapped[User] = relationship(lazy="raise", foreign_keys=person_id)
    moderator: Mapped[User | None] = relationship(lazy="raise", foreign_keys=moderator_id)
    appeal: Mapped["Appeal | None"] = relationship(lazy="raise", back_populates="measure")

    __table_args__ = (
        unique_submission_index("measures"),
        CheckConstraint(
            "kind IN ('remind', 'hide', 'limit', 'pause', 'disable', 'hide_all')", name="kind"
        ),
        CheckConstraint("(kind = 'pause') = (until IS NOT NULL)", name="until"),
        CheckConstraint("(kind = 'hide') = (num_nonnulls(post_id, comment_id) = 1)", name="hidden"),
        # The measures against a person, the newest first.
        Index(None, "person_id", "id"),
        Index(None, "post_id", postgresql_where=sql("post_id IS NOT NULL")),
        Index(None, "comment_id", postgresql_where=sql("comment_id IS NOT NULL")),
    )

    @property
    def is_active(self) -> bool:
        """Whether it is still in force. A reminder never is."""
        is_over = self.until is not None and self.until <= now()
        return self.kind != MeasureKind.REMIND and self.ended_at is None and not is_over


class Appeal(Base):
    """A person's appeal against a measure, and the decision of another moderator."""

    __tablename__ = "appeals"

    measure_id: Mapped[int] = mapped_column(
        ForeignKey("measures.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[CreatedAt]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    is_granted: Mapped[bool | None]
    answer: Mapped[str | None] = mapped_column(Text)

    measure: Mapped[Measure] = relationship(lazy="raise", back_populates="appeal")
    decided_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=decided_by_id)

    __table_args__ = (
        CheckConstraint("num_nonnulls(decided_at, is_granted, answer) IN (0, 3)", name="decided"),
        Index("ix_appeals_open", "created_at", "measure_id",
              postgresql_where=sql("decided_at IS NULL")),
    )  # fmt: skip
