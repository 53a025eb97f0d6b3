"""Records of imported posts, so that none is imported twice."""

from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class ImportedPost(Base):
    """A post that was imported, by its identity in the source.

    A post that its author has deleted can be imported again.
    """

    __tablename__ = "imported_posts"

    # The author of the post. There is no foreign key, because the post has one.
    owner_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    # A digest of its identity in the source.
    key: Mapped[UUID] = mapped_column(Uuid, primary_key=True)
    # A digest of its title and text in the source, which tells whether they have changed since.
    digest: Mapped[UUID] = mapped_column(Uuid)
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"), index=True)
