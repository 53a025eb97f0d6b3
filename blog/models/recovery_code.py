"""Recovery codes, for people who have lost their second factor."""

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class RecoveryCode(Base):
    """A code that replaces the second factor once: using it deletes the row.

    Only its SHA-256 is stored, which suffices because it has 120 random bits (OWASP ASVS 5.0,
    6.5.2).
    """

    __tablename__ = "recovery_codes"

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    code_hash: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[CreatedAt]

    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)
