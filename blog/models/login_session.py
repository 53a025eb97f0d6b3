"""Login sessions."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, LargeBinary, String, false
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.core.networks import Address
from blog.models.base import Base, CreatedAt, RowId
from blog.models.user import User


class LoginSession(Base):
    """A logged-in browser. Deleting the row logs it out.

    The browser has the session's token in a signed cookie; only its SHA-256 is stored, so that read
    access to the database does not allow impersonation. `device` is a name such as "Firefox on
    Linux", and `network_address` the address of the last use. `is_remembered` is whether the cookie
    is persistent.
    """

    __tablename__ = "sessions"

    id: Mapped[RowId]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    # When the user last proved who they are; NULL if that was when they logged in. After a login
    # with another service, this is when they logged in there; 1970 if it didn't say.
    reauthenticated_at: Mapped[datetime | None]
    is_remembered: Mapped[bool] = mapped_column(Boolean, server_default=false(), default=False)
    device: Mapped[str] = mapped_column(String(200))
    network_address: Mapped[Address | None] = mapped_column(INET)

    user: Mapped[User] = relationship(lazy="raise")

    @property
    def authenticated_at(self) -> datetime:
        """When the user last proved who they are."""
        return self.reauthenticated_at or self.created_at
