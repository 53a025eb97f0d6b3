"""Actions of moderators on many accounts at once."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.user import User


class BulkAct(Base):
    """An action on a wave of accounts, which a job carries out.

    Attributes:
        moderator_id, undone_by_id: who did it, and who undid it; `None` once their accounts are
            deleted.
        since: texts that were published since this time are hidden.
        hides, disables, refuses: whether to hide their texts, disable the accounts, and refuse
            their texts that await review.
        rule: the number and the text of the rule that was broken, as they were then.
        finished_at, undo_finished_at: when the jobs were finished.
    """

    __tablename__ = "bulk_acts"

    id: Mapped[RowId]
    moderator_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[CreatedAt]
    since: Mapped[datetime]
    hides: Mapped[bool]
    disables: Mapped[bool]
    refuses: Mapped[bool]
    reason: Mapped[str] = mapped_column(Text)
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    finished_at: Mapped[datetime | None]
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    undo_finished_at: Mapped[datetime | None]
    submission: Mapped[SubmissionKey]

    moderator: Mapped[User | None] = relationship(lazy="raise", foreign_keys=moderator_id)
    undone_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=undone_by_id)

    __table_args__ = (
        unique_submission_index("bulk_acts"),
        *(
            Index(None, name, postgresql_where=sql(f"{name} IS NOT NULL"))
            for name in ("moderator_id", "undone_by_id")
        ),
    )


class BulkActPerson(Base):
    """An account of a wave, and when the job was finished with it."""

    __tablename__ = "bulk_act_people"

    bulk_act_id: Mapped[int] = mapped_column(
        ForeignKey("bulk_acts.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    done_at: Mapped[datetime | None]

    __table_args__ = (Index(None, "user_id"),)


class BulkChange(Base):
    """A change by a bulk action: a measure that it has taken, or an item that it has refused.
    Undoing the action undoes these changes and nothing else."""

    __tablename__ = "bulk_changes"

    id: Mapped[RowId]
    bulk_act_id: Mapped[int] = mapped_column(ForeignKey("bulk_acts.id", ondelete="CASCADE"))
    measure_id: Mapped[int | None] = mapped_column(ForeignKey("measures.id", ondelete="CASCADE"))
    held_item_id: Mapped[int | None] = mapped_column(
        ForeignKey("held_items.id", ondelete="CASCADE")
    )
    undone_at: Mapped[datetime | None]

    __table_args__ = (
        Index(None, "bulk_act_id", "id"),
        *(
            Index(None, name, postgresql_where=sql(f"{name} IS NOT NULL"))
            for name in ("measure_id", "held_item_id")
        ),
    )
