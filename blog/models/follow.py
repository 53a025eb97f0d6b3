"""Follows."""

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt
from blog.models.user import User


class Follow(Base):
    """`follower` follows `followed`. Users can't follow themselves.

    Triggers of this table update `users.follower_count` and `users.following_count`.
    """

    __tablename__ = "follows"

    follower_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    followed_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[CreatedAt]

    follower: Mapped[User] = relationship(lazy="raise", foreign_keys=follower_id)
    followed: Mapped[User] = relationship(lazy="raise", foreign_keys=followed_id)

    __table_args__ = (
        CheckConstraint("follower_id <> followed_id", name="not_oneself"),
        # A user's two lists, the newest first; the id breaks ties.
        Index(None, "follower_id", "created_at", "followed_id"),
        Index(None, "followed_id", "created_at", "follower_id"),
    )
