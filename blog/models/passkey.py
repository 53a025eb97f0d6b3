"""Passkeys."""

from datetime import datetime

from sqlalchemy import ARRAY, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class Passkey(Base):
    """A passkey of a user: the public half of a key pair (Web Authentication, Level 3).

    `sign_count` is how often it was used according to the authenticator; for synced passkeys, it is
    always 0. `is_synced` is whether an account shares it with several devices. `transports` is how
    the browser reaches it.
    """

    __tablename__ = "passkeys"

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int]
    name: Mapped[str] = mapped_column(String(64))
    is_synced: Mapped[bool]
    transports: Mapped[list[str]] = mapped_column(ARRAY(String(32)))
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
