"""Who is mentioned in which text."""

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, RowId


class Mention(Base):
    """A text links to a person, or did so before it was edited.

    Attributes:
        comment_id: the comment; `None` if it is the text of the post.
        user_id: the person; `None` if their name has changed or their account is gone. A job
            renders the text again and deletes the row.
        told: whether they were told. `None` as long as that is not decided, because nobody can read
            the text. It is decided once, so that nobody is told again after an edit.
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
