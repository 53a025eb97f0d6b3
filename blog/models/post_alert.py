"""Followers who are notified of new posts."""

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class PostAlert(Base):
    """A follower wants to be notified of each new post. It ends with the follow."""

    __tablename__ = "post_alerts"

    follower_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    followed_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        ForeignKeyConstraint(
            ["follower_id", "followed_id"],
            ["follows.follower_id", "follows.followed_id"],
            ondelete="CASCADE",
        ),
        # The followers to notify.
        Index(None, "followed_id", "follower_id"),
    )
