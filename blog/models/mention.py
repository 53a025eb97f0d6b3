"""Mentions of people in texts."""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, RowId


class Mention(Base):
    """A mention of a person in a text; it may have been removed by an edit.

    Attributes:
        comment_id: the comment; `None` if the text is that of the post.
        user_id: the person; `None` if their name has changed or their account is gone. A job then
            renders the text again and deletes the row.
        told: whether they were notified; `None` while that is undecided, because the text isn't
            public yet. It is decided once, so that nobody is notified again after an edit.
    """

    __tablename__ = "mentions"

    id: Mapped[RowId]
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    told: Mapped[bool | None]

    __table_args__ = (
        Index(
            "uq_mentions_text_and_person",
            "post_id",
            text("coalesce(comment_id, 0::bigint)"),
            "user_id",
            unique=True,
        ),
        Index(None, "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
        Index(None, "user_id", postgresql_where=text("user_id IS NOT NULL")),
        Index("ix_mentions_of_nobody", "id", postgresql_where=text("user_id IS NULL")),
    )
