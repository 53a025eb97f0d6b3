"""What people write."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, Count, CreatedAt, RowId
from blog.models.user import User


class Post(Base):
    """A post: its Markdown, and the HTML that was made of it when it was written."""

    __tablename__ = "posts"

    id: Mapped[RowId]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    renderer_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    comment_count: Mapped[Count]

    author: Mapped[User] = relationship(lazy="raise")

    __table_args__ = (
        # Newest first, of everybody and of one author; the id decides between equal times.
        Index(None, "created_at", "id"),
        Index(None, "author_id", "created_at", "id"),
    )
