"""Likes of posts and comments, and bookmarks of posts."""

from sqlalchemy import ForeignKey, Index, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId
from blog.models.user import User


class PostLike(Base):
    """A user likes a post. Triggers of this table update `posts.like_count`."""

    __tablename__ = "post_likes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[CreatedAt]

    user: Mapped[User] = relationship(lazy="raise")

    # The people who like a post, the newest first; the id breaks ties.
    __table_args__ = (Index(None, "post_id", "created_at", "user_id"),)


class CommentLike(Base):
    """A user likes a comment. Triggers of this table update `comments.like_count`."""

    __tablename__ = "comment_likes"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    comment_id: Mapped[int] = mapped_column(
        ForeignKey("comments.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[CreatedAt]

    user: Mapped[User] = relationship(lazy="raise")

    # As in `PostLike`.
    __table_args__ = (Index(None, "comment_id", "created_at", "user_id"),)


class BookmarkFolder(Base):
    """A folder for bookmarks, named by its owner. Names are unique, ignoring case."""

    __tablename__ = "bookmark_folders"

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(50))
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index("uq_bookmark_folders_name", "user_id", func.lower(name), unique=True),)


class Bookmark(Base):
    """A user has saved a post for later, perhaps in one of their folders. Nobody else knows."""

    __tablename__ = "bookmarks"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[CreatedAt]
    folder_id: Mapped[int | None] = mapped_column(
        ForeignKey("bookmark_folders.id", ondelete="SET NULL")
    )

    __table_args__ = (
        # A user's bookmarks, the newest first.
        Index(None, "user_id", "created_at", "post_id"),
        Index(None, "post_id"),
        Index(
            "ix_bookmarks_of_folder",
            "folder_id",
            "created_at",
            "post_id",
            postgresql_where=text("folder_id IS NOT NULL"),
        ),
    )
