"""Browsers that aren't asked for the second factor."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from blog.core.networks import Address
from blog.models.base import Base, CreatedAt, RowId


class TrustedBrowser(Base):
    """A browser in which a user has chosen not to be asked for the second factor for 30 days.

    The browser has the token in a cookie; only its SHA-256 is stored. `device` and
    `network_address` are those of the login at which it was chosen.
    """

    __tablename__ = "trusted_browsers"

    id: Mapped[RowId]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    device: Mapped[str] = mapped_column(String(200))
    network_address: Mapped[Address | None] = mapped_column(INET)
