"""The content of uploaded images."""

from enum import StrEnum

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Integer, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class MediaState(StrEnum):
    """How far the processing of an image is."""

    PROCESSING = "processing"
    READY = "ready"
    FAILED = "failed"


class MediaFile(Base):
    """The content of an image, once for all who have uploaded it (`Media`).

    `name` is a digest of the uploaded bytes, and part of the URLs. `generation` is part of the keys
    of the stored objects: if a file is removed while the same one is uploaded again, the new
    objects are not those that are being deleted.
    """

    __tablename__ = "media_files"

    name: Mapped[str] = mapped_column(String(32, collation="C"), primary_key=True)
    generation: Mapped[str] = mapped_column(String(16))
    # The format of the upload: jpeg, png, gif, webp or avif.
    kind: Mapped[str] = mapped_column(String(4))
    state: Mapped[MediaState] = mapped_column(String(10), default=MediaState.PROCESSING)
    # In pixels, of the upload, turned as its EXIF orientation says.
    width: Mapped[int] = mapped_column(Integer)
    height: Mapped[int] = mapped_column(Integer)
    frames: Mapped[int] = mapped_column(Integer)
    # The dominant colour, as six hexadecimal digits.
    colour: Mapped[str] = mapped_column(String(6))
    # [width, height] of each variant, the smallest first.
    variants: Mapped[list[list[int]]] = mapped_column(JSONB)
    # The size of each variant, once it is processed; NULL if that was before sizes were kept.
    variant_bytes: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    # The size of the upload; once it is processed, of all variants.
    bytes: Mapped[int]
    created_at: Mapped[CreatedAt]

    __table_args__ = (CheckConstraint("state IN ('processing', 'ready', 'failed')", name="state"),)
