"""The content of uploaded images."""

from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class MediaState(StrEnum):
    """The state of the processing of an image."""

    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class MediaFile(Base):
    """The content of an image, stored once for all users who have uploaded it (`Media`).

    `name` is a digest of the uploaded bytes, and part of the URLs. `generation` is part of the keys
    of the stored objects, so that a file can be removed while the same file is uploaded again: the
    keys of the new objects differ from those that are being deleted.
    """

    __tablename__ = "media_files"

    name: Mapped[str] = mapped_column(String(32, collation="C"), primary_key=True)
    generation: Mapped[str] = mapped_column(String(16))
    # The format of the upload: jpeg, png, gif, webp or avif.
    kind: Mapped[str] = mapped_column(String(4))
    state: Mapped[MediaState] = mapped_column(String(10), default=MediaState.PROCESSING)
    # The size of the upload in pixels, after applying its EXIF orientation.
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    frames: Mapped[int] = mapped_column(Integer)
    # The dominant colour, as six hexadecimal digits.
    colour: Mapped[str] = mapped_column(String(6))
    # [width, height] of each variant, the smallest first.
    variants: Mapped[list[list[int]]] = mapped_column(JSONB)
    # The size of each variant, once they are processed; NULL if that was before sizes were stored.
    variant_bytes: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    # The size of the upload; once it is processed, the total size of the variants.
    bytes: Mapped[int]
    created_at: Mapped[CreatedAt]

    __table_args__ = (CheckConstraint("state IN ('processing', 'ready', 'failed')", name="state"),)
