"""Accounts of other services that users log in with."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class OpenIDLogin(Base):
    """An account of an issuer that is connected to a user's (OpenID Connect Core 1.0, 5.7).

    An issuer's `subject` never changes and is never reassigned to another person; the email address
    may be.
    """

    __tablename__ = "openid_logins"

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    issuer: Mapped[str] = mapped_column(String(255))
    subject: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]

    __table_args__ = (UniqueConstraint("issuer", "subject"),)
