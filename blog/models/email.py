"""The outbox: mail that was promised and may not have been sent yet."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Index, Integer, String, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class EmailState(StrEnum):
    """Where a message stands."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


# The planner uses a partial index only where it sees the index's own condition in the query.
WAITING = text("state IN ('queued', 'sending')")


class Email(Base):
    """One message to one recipient, written in the transaction of what it tells about.

    `due_at` is when the next attempt may be made: for a message in the state `sending`, the
    end of the lease of the worker that has it in hand. `text` and `html` may hold a token, so
    they are emptied once the message is sent.
    """

    __tablename__ = "emails"

    id: Mapped[RowId]
    message_id: Mapped[uuid.UUID] = mapped_column(Uuid, default=uuid.uuid4)
    purpose: Mapped[str] = mapped_column(String(32))
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    state: Mapped[EmailState] = mapped_column(String(8), default=EmailState.QUEUED)
    created_at: Mapped[CreatedAt]
    due_at: Mapped[CreatedAt]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('queued', 'sending', 'sent', 'failed')", name="state"),
        Index(
            "ix_emails_waiting",
            "due_at",
            postgresql_where=WAITING,
        ),
        Index(None, "recipient", "purpose", "created_at"),
        Index(None, "state", "created_at", "id"),
    )
