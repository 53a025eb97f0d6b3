"""Follows of tags."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class TagFollow(Base):
    """A user follows a tag: their timeline has the posts with it. Nobody else knows."""

    __tablename__ = "tag_follows"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), primary_key=True, index=True)
    created_at: Mapped[CreatedAt]
