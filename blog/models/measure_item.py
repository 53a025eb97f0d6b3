"""The posts and comments that a measure has hidden."""

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, RowId


class MeasureItem(Base):
    """A post or comment that the measure "hide everything" has hidden. It is shown again when the
    measure ends, unless a moderator has shown it earlier, which deletes this row."""

    __tablename__ = "measure_items"

    id: Mapped[RowId]
    measure_id: Mapped[int] = mapped_column(ForeignKey("measures.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))

    __table_args__ = (
        CheckConstraint("num_nonnulls(post_id, comment_id) = 1", name="is_one_thing"),
        Index(None, "measure_id", "id"),
        Index(None, "post_id", unique=True, postgresql_where=text("post_id IS NOT NULL")),
        Index(None, "comment_id", unique=True, postgresql_where=text("comment_id IS NOT NULL")),
    )
