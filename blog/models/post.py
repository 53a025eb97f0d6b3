"""What people write."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.core.text.excerpts import shown_in_lists
from blog.models.base import Base, Count, CreatedAt, RowId, SubmissionKey, once_a_submission
from blog.models.user import User


class Post(Base):
    """A post: its Markdown, and the HTML that was made of it when it was written.

    The order of the ids is the order of the lists. Triggers of this table keep
    `users.post_count` and `post_blocks`, which count the posts that are not hidden.
    """

    __tablename__ = "posts"

    id: Mapped[RowId]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    # What lists show of it (`blog.core.text.excerpts`); null where that is all of it, or where it
    # was written before there were excerpts.
    excerpt: Mapped[str | None] = mapped_column(Text)
    renderer_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    # Raised by each edit: whoever edits says which version he has read.
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    # When a moderator hid it; only moderators see a hidden post, and no list shows it.
    hidden_at: Mapped[datetime | None]
    comment_count: Mapped[Count]
    submission: Mapped[SubmissionKey]

    author: Mapped[User] = relationship(lazy="raise")

    @property
    def beginning(self) -> str:
        """The HTML that a list shows of it."""
        return self._shown_in_lists[0]

    @property
    def is_cut(self) -> bool:
        """Whether a list shows only its beginning."""
        return self._shown_in_lists[1]

    @property
    def _shown_in_lists(self) -> tuple[str, bool]:
        return shown_in_lists(self.excerpt, self.body_html, len(self.body_html.encode()))

    __table_args__ = (
        once_a_submission("posts"),
        # Of one author, newest first; that a post is visible can be read off the index.
        Index(None, "author_id", "id", postgresql_include=["hidden_at"]),
        # With the author, by whom the posts of deleted accounts are passed over.
        Index(
            "ix_posts_visible",
            "id",
            postgresql_where=text("hidden_at IS NULL"),
            postgresql_include=["author_id"],
        ),
        Index("ix_posts_hidden", "id", postgresql_where=text("hidden_at IS NOT NULL")),
        # Room on each page, as in `users`: for the count of comments and what is laid out anew.
        {"postgresql_with": {"fillfactor": 90}},
    )
