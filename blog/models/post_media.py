"""Which posts show which images."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class PostMedia(Base):
    """The text of a post, also of a draft, names an image, which may not exist.

    A trigger of `posts` keeps these rows, so that no way of writing a post can forget them. It also
    locks the files, so that an image is not removed as unused at that moment.
    """

    __tablename__ = "post_media"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(32, collation="C"), primary_key=True, index=True)
