"""The images that revisions of posts show."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class RevisionMedia(Base):
    """The text of a revision that is not hidden refers to an image, which may not exist.

    A trigger of `post_revisions` maintains the rows, like those of `PostMedia` for current texts.
    """

    __tablename__ = "revision_media"

    revision_id: Mapped[int] = mapped_column(
        ForeignKey("post_revisions.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    name: Mapped[str] = mapped_column(String(32, collation="C"), primary_key=True, index=True)
