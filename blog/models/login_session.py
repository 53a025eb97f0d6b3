"""A browser that is logged in."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, LargeBinary, String, false
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.core.networks import Address
from blog.models.base import Base, CreatedAt, RowId
from blog.models.user import User


class LoginSession(Base):
    """One row a logged-in browser: deleting it logs that browser out.

    The browser holds the session's token in its signed cookie; only the SHA-256 of it is
    here, so that a reader of the database cannot log in as anybody.

    `device` is a name such as "Firefox on Linux", and `network_address` where the session was
    used last. `is_remembered` tells whether the browser was asked to keep its cookie.
    """

    __tablename__ = "sessions"

    id: Mapped[RowId]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    is_remembered: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    device: Mapped[str] = mapped_column(String(200))
    network_address: Mapped[Address | None] = mapped_column(INET)

    user: Mapped[User] = relationship(lazy="raise")
