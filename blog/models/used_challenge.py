"""Used challenges of passkeys."""

from datetime import datetime

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class UsedChallenge(Base):
    """A challenge that a passkey has signed, so that the response can't be sent again.

    `digest` is its SHA-256. The row is kept for as long as the challenge would be accepted.
    """

    __tablename__ = "used_challenges"

    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
