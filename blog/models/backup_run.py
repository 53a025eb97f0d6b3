"""Backups that were made, and proofs that they can be restored."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class BackupAction(StrEnum):
    """What a run did."""

    BACKUP = "backup"
    PROOF = "proof"


class BackupRun(Base):
    """A finished run: it made a backup, or restored one to prove that this works.

    `name` is the name of the backup, if the run got that far; `error` says why the run failed.
    """

    __tablename__ = "backup_runs"

    id: Mapped[RowId]
    action: Mapped[BackupAction] = mapped_column(String(8))
    target: Mapped[str] = mapped_column(Text)
    name: Mapped[str | None] = mapped_column(String(32))
    began_at: Mapped[datetime]
    ended_at: Mapped[CreatedAt]
    size: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        CheckConstraint("action IN ('backup', 'proof')", name="action"),
        # The newest of each action, failed or not.
        Index(None, "action", "ended_at"),
    )
