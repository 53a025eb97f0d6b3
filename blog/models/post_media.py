"""The images that posts show."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class PostMedia(Base):
    """The text of a post or draft refers to an image, which may not exist.

    A trigger of `posts` maintains these rows, so that no code that writes posts can forget them. It
    also locks the files, so that an image is not removed as unused at the same time.
    """

    __tablename__ = "post_media"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(32, collation="C"), primary_key=True, index=True)
