"""Authenticator apps."""

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class Authenticator(Base):
    """The authenticator app of a user, who has at most one.

    `secret` is encrypted (`blog.core.crypto.sealing`). `last_step` is the time step of the last
    used code: it and older codes are refused, so that each code works once.
    """

    __tablename__ = "authenticators"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(server_default=text("0"), default=0)
