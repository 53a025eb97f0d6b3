"""Who follows whom."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class Follow(Base):
    """`follower` wants to read what `followed` writes. Nobody follows himself."""

    __tablename__ = "follows"

    follower_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    followed_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        CheckConstraint("follower_id <> followed_id", name="not_oneself"),
        Index(None, "follower_id", "created_at"),
        Index(None, "followed_id", "created_at"),
    )
