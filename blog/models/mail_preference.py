"""Preferences for notifications by mail."""

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class MailChoice(StrEnum):
    """When a user gets a kind of notification by mail."""

    AT_ONCE = "at_once"
    DIGEST = "digest"
    NEVER = "never"


class DigestPeriod(StrEnum):
    """How often a user gets a digest."""

    DAILY = "daily"
    WEEKLY = "weekly"


class MailPreference(Base):
    """The preferences of a user, and when their digest is due.

    The row is added when they first change a preference, or when there is something for their first
    digest; without it, the defaults apply.
    """

    __tablename__ = "mail_preferences"

    # The defaults of the columns, for users without a row.
    DEFAULTS: ClassVar[dict[str, Any]] = {
        "choices": {}, "wants_digest": True, "digest": DigestPeriod.WEEKLY, "weekday": 0,
        "hour": 8, "time_zone": "UTC",
    }  # fmt: skip

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # The choices that differ from the default, by kind of notification.
    choices: Mapped[dict[str, str]] = mapped_column(JSONB, server_default=text("'{}'"))
    wants_digest: Mapped[bool] = mapped_column(server_default=text("true"))
    digest: Mapped[DigestPeriod] = mapped_column(String(6), server_default=DigestPeriod.WEEKLY)
    # For a weekly digest; Monday is 0.
    weekday: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    hour: Mapped[int] = mapped_column(SmallInteger, server_default=text("8"))
    time_zone: Mapped[str] = mapped_column(String(64), server_default="UTC")
    # When the next digest is to be sent; NULL while there is nothing for it.
    digest_due_at: Mapped[datetime | None]
    digest_sent_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("digest IN ('daily', 'weekly')", name="digest"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        Index(None, "digest_due_at", postgresql_where=text("digest_due_at IS NOT NULL")),
    )
