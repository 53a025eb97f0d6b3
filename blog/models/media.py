"""The images in the collections of users."""

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId
from blog.models.media_file import MediaFile


class Media(Base):
    """An image in a user's collection. The same file uploaded by two people is two rows, and one
    `MediaFile`.

    `bytes` counts towards the quota of the owner: the size of the file, but at least 16 KiB.
    """

    __tablename__ = "media"

    id: Mapped[RowId]
    owner_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(ForeignKey("media_files.name"), index=True)
    alt: Mapped[str] = mapped_column(String(1000), server_default="", default="")
    caption: Mapped[str] = mapped_column(String(1000), server_default="", default="")
    bytes: Mapped[int]
    created_at: Mapped[CreatedAt]

    file: Mapped[MediaFile] = relationship(lazy="raise")

    __table_args__ = (
        Index("uq_media_owner_id_name", "owner_id", "name", unique=True),
        # Lists of one owner, and the sum of the quota, from the index alone.
        Index(None, "owner_id", "id", postgresql_include=["bytes"]),
    )
