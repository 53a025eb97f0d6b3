"""The history of posts."""

from datetime import datetime

from sqlalchemy import ARRAY, ForeignKey, Index, Integer, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId
from blog.models.user import User


class PostRevision(Base):
    """A published version of the text of a post.

    A post that was never edited has no rows: its text is revision 1. The text of the newest
    revision is that of the post, and is copied when an edit replaces it (`is_current`).

    Texts are stored whole: an edit then takes no more space than a new post, and has the same rate
    limit.
    """

    __tablename__ = "post_revisions"

    id: Mapped[RowId]
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    # From 1, without gaps.
    number: Mapped[int] = mapped_column(Integer)
    # When readers first saw it.
    created_at: Mapped[CreatedAt]
    # NULL if unknown, or if the account was deleted.
    editor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # The fields that differ from the previous revision: `blog.posts.revisions.history.FIELDS`.
    changed: Mapped[list[str]] = mapped_column(
        ARRAY(String), server_default=text("'{}'"), default=list
    )
    words_added: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    words_removed: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    # As in `posts`; NULL while the post has this text.
    title: Mapped[str | None] = mapped_column(String(200))
    summary: Mapped[str | None] = mapped_column(String(500))
    language: Mapped[str | None] = mapped_column(String(35))
    tags: Mapped[list[str] | None] = mapped_column(ARRAY(String))
    body: Mapped[str | None] = mapped_column(Text)
    body_html: Mapped[str | None] = mapped_column(Text)
    renderer_version: Mapped[int | None] = mapped_column(Integer)
    # When its author or a moderator hid it.
    hidden_at: Mapped[datetime | None]
    is_hidden_by_moderator: Mapped[bool] = mapped_column(
        server_default=text("false"), default=False
    )

    editor: Mapped[User | None] = relationship(lazy="raise")

    @property
    def is_current(self) -> bool:
        """Whether it is the newest revision, with the current text of the post."""
        return self.body is None

    @property
    def is_hidden(self) -> bool:
        """Whether only the author and moderators may read it."""
        return self.hidden_at is not None

    __table_args__ = (
        UniqueConstraint("post_id", "number"),
        # The revision of a post at a time.
        Index(None, "post_id", "created_at"),
        Index(
            "uq_post_revisions_current",
            "post_id",
            unique=True,
            postgresql_where=text("body IS NULL"),
        ),
        Index(None, "editor_id", postgresql_where=text("editor_id IS NOT NULL")),
    )
