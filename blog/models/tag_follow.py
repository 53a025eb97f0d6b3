"""Who follows which tag."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class TagFollow(Base):
    """The followed tab of a user has the posts with this tag. Only they know."""

    __tablename__ = "tag_follows"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    tag_id: Mapped[int] = mapped_column(ForeignKey("tags.id"), primary_key=True, index=True)
    created_at: Mapped[CreatedAt]
