"""Comments."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    Text,
    func,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import array
from sqlalchemy.orm import Mapped, aliased, mapped_column, relationship

from blog.models.base import Base, Count, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.post import Post
from blog.models.user import User


class Comment(Base):
    """A comment on a post, or a reply to another comment on it, in inline Markdown.

    Lists are in the order of the ids, threads in that of `thread_order`. A disabled comment keeps
    its place, but only its author and moderators see its text.

    A deleted comment with replies stays as an empty row without an author, `REMOVED`, which only
    holds the thread together. Triggers of this table update `posts.comment_count`, which does not
    count such rows, and delete each of them when its last reply is deleted.
    """

    __tablename__ = "comments"

    EDITABLE_FOR = timedelta(minutes=15)
    # Replies are indented up to this depth. Those below are listed by time among the replies at
    # this depth, so a thread of any depth has short paths.
    DEEPEST = 4
    # The values of a deleted comment that has replies.
    REMOVED: ClassVar[dict[str, Any]] = {
        "author_id": None, "body": "", "body_html": "", "edited_at": None, "disabled_at": None,
        "disabled_by_id": None, "disabled_reason": None, "submission": None,
    }  # fmt: skip

    id: Mapped[RowId]
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    # NULL only in a row that is `REMOVED`, which no list of comments has.
    author_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), nullable=True
    )
    # The comment on the same post that this one replies to.
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"))
    # For a reply, the ids of up to `DEEPEST` comments above it, starting with the first one of the
    # thread, and its own id.
    path: Mapped[list[int] | None] = mapped_column(ARRAY(BigInteger))
    body: Mapped[str] = mapped_column(Text)
    body_html: Mapped[str] = mapped_column(Text)
    renderer_version: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
    edited_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    disabled_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    disabled_reason: Mapped[str | None] = mapped_column(Text)
    like_count: Mapped[Count]
    submission: Mapped[SubmissionKey]

    # Whether the edit in this request is held for review, so that readers still see the old text.
    holds_edit = False

    post: Mapped[Post] = relationship(lazy="raise")
    author: Mapped[User] = relationship(lazy="raise", foreign_keys=author_id)

    __table_args__ = (
        unique_submission_index("comments"),
        CheckConstraint(
            "(disabled_at IS NULL) = (disabled_reason IS NULL)", name="disabled_with_a_reason"
        ),
        # The comments of a person, in the order of lists.
        Index(None, "author_id", "id"),
        # Includes the author, to skip comments of deleted accounts.
        Index(None, "post_id", "id", postgresql_include=["author_id"]),
        # Threads, the oldest first. PostgreSQL reads an expression from the index alone only if
        # the index has the columns too.
        Index(
            "ix_comments_threads",
            "post_id",
            func.coalesce(text("path"), text("ARRAY[id]")),
            postgresql_include=["id", "path", "author_id"],
        ),
        # The first comments of threads, by time and by likes.
        Index("ix_comments_first", "post_id", "id", postgresql_where=text("parent_id IS NULL")),
        Index(
            "ix_comments_first_liked",
            "post_id",
            "like_count",
            "id",
            postgresql_where=text("parent_id IS NULL"),
        ),
        Index(None, "parent_id", postgresql_where=text("parent_id IS NOT NULL")),
        Index(None, "disabled_by_id", postgresql_where=text("disabled_by_id IS NOT NULL")),
    )

    @property
    def is_disabled(self) -> bool:
        return self.disabled_at is not None


def thread_order(comments: Any = Comment) -> ColumnElement[list[int]]:
    """The key that sorts the comments on a post by thread: each comment is followed by its replies,
    which are sorted by time.

    Args:
        comments: the mapped class, or an alias of it.
    """
    return func.coalesce(comments.path, array([comments.id]), type_=ARRAY(BigInteger))


def has_replies() -> ColumnElement[bool]:
    """Whether a comment has replies, or rows of deleted replies that have some."""
    reply = aliased(Comment)
    return select(reply.id).where(reply.parent_id == Comment.id).correlate(Comment).exists()
