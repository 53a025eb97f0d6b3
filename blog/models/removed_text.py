"""Texts that moderators have hidden or refused, as sketches to compare similar texts with."""

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class RemovedText(Base):
    """The sketch of a text (`blog.review.similarity`), which doesn't reveal the text.

    Attributes:
        post_id, comment_id, held_item_id: the item with the text; all are `None` once the item is
            deleted, and the sketch stays for a while.
        sketch: 64 numbers of 32 bits.
        bands: hashes of parts of the sketch; similar texts have one in common.
    """

    __tablename__ = "removed_texts"

    id: Mapped[RowId]
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="SET NULL"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="SET NULL"))
    held_item_id: Mapped[int | None] = mapped_column(
        ForeignKey("held_items.id", ondelete="SET NULL")
    )
    sketch: Mapped[bytes] = mapped_column(LargeBinary)
    bands: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
    created_at: Mapped[CreatedAt]

    __table_args__ = (
        Index(None, "bands", postgresql_using="gin"),
        Index(None, "created_at"),
        *(
            Index(None, name, postgresql_where=sql(f"{name} IS NOT NULL"))
            for name in ("post_id", "comment_id", "held_item_id")
        ),
    )
