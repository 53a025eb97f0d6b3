"""The outbox."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Index, Integer, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class EmailState(StrEnum):
    """The state of a message."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


# The planner uses a partial index only if the query contains the index's condition.
WAITING = text("state IN ('queued', 'sending')")


class Email(Base):
    """A message to one recipient, added in the transaction that causes it.

    `due_at` is when the next attempt may be made; in the state `sending` it is the end of the lease
    of the worker that is sending it. `text`, `html` and `headers` may contain a token, so they are
    emptied once the message is sent.
    """

    __tablename__ = "emails"

    id: Mapped[RowId]
    message_id: Mapped[uuid.UUID] = mapped_column(Uuid, default=uuid.uuid4)
    purpose: Mapped[str] = mapped_column(String(32))
    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(255))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    # Further headers, such as those of a mailing list.
    headers: Mapped[dict[str, str] | None] = mapped_column(JSONB(none_as_null=True))
    # The post or comment that it is about, if it must not be sent once that is no longer public.
    post_id: Mapped[int | None]
    comment_id: Mapped[int | None]
    # The items that it is about, if it must not be sent once one of them is deleted.
    notification_items: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    state: Mapped[EmailState] = mapped_column(String(8), default=EmailState.QUEUED)
    created_at: Mapped[CreatedAt]
    due_at: Mapped[CreatedAt]
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    # The span that added it (`blog.core.telemetry.spans.trace_parent`).
    trace_parent: Mapped[str | None] = mapped_column(String(55))
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
