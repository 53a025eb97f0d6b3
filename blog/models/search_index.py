"""The search indexes of posts and comments."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class PostSearch(Base):
    """The searchable content of a post, maintained by triggers of `posts` and `post_tags`.

    The words of `document` have the weights A (title), B (tags), C (summary) and D (text). It also
    has keys without a position, which aren't words: `@17` for the author, `#5` for a tag, `!image`.

    `listed_at` is the time of publication; NULL unless the post is public.
    """

    __tablename__ = "post_search"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    author_id: Mapped[int]
    listed_at: Mapped[datetime | None]
    document: Mapped[Any] = mapped_column(TSVECTOR)

    __table_args__ = (
        # The pending list is kept short, because each search reads all of it.
        Index(
            "ix_post_search_document",
            "document",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
        ),
        Index(
            "ix_post_search_listed",
            "listed_at",
            "post_id",
            postgresql_where=text("listed_at IS NOT NULL"),
            postgresql_include=["author_id"],
        ),
    )


class CommentSearch(Base):
    """The searchable content of a comment, maintained by triggers of `comments`. A deleted or
    disabled comment has no row.

    `document` has the words of its text, and the key `@17` for its author. `listed_at` is when it
    was written. Whether it is public depends on the post, too.
    """

    __tablename__ = "comment_search"

    comment_id: Mapped[int] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    post_id: Mapped[int]
    author_id: Mapped[int]
    listed_at: Mapped[datetime]
    document: Mapped[Any] = mapped_column(TSVECTOR)

    __table_args__ = (
        Index(
            "ix_comment_search_document",
            "document",
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
        ),
        Index(
            "ix_comment_search_listed",
            "listed_at",
            "comment_id",
            postgresql_include=["author_id"],
        ),
    )


class SearchConfiguration(Base):
    """A text search configuration of PostgreSQL with which some post or comment was indexed.

    Each search looks for its words in all of these configurations.
    """

    __tablename__ = "search_configurations"

    name: Mapped[str] = mapped_column(String(63, collation="C"), primary_key=True)
