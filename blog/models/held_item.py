"""Texts that are held for review before others can read them."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.post import Post
from blog.models.user import User

_PENDING = sql("decided_at IS NULL")


class HeldKind(StrEnum):
    """The kind of text that is held: a post, an edit of a public post, a comment or an edit of a
    comment."""

    POST = "post"
    EDIT = "edit"
    COMMENT = "comment"
    COMMENT_EDIT = "comment edit"


class HeldItem(Base):
    """A text that is held for review, and the decision of a moderator.

    A held post is a row of `posts` with the status `held`. All other texts are stored only here
    until a moderator approves them, so that no list, count or notification can reveal them.

    Attributes:
        post_id: the post, or the post that the comment is on.
        comment_id: the edited comment, or the comment that was created on approval.
        payload: the fields that were sent, except those of a post; for a scheduled post that a bulk
            action has refused, its time, in case that is undone.
        reasons: why it is held: the names of rules, and what each of them found.
        digest: the digest of the held text, and later of the approved text, so that the same text
            is not held again.
        version: the version of the post when it was held; 0 for comments.
        decided_by_id: the moderator; `None` once their account is deleted.
        rule, answer: the rule that was the basis of a refusal, and the reason.
    """

    __tablename__ = "held_items"

    id: Mapped[RowId]
    kind: Mapped[HeldKind] = mapped_column(String(12))
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    post_id: Mapped[int] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    reasons: Mapped[list[list[str]]] = mapped_column(JSONB)
    digest: Mapped[str] = mapped_column(String(64, collation="C"))
    version: Mapped[int]
    created_at: Mapped[CreatedAt]
    submission: Mapped[SubmissionKey]
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    is_approved: Mapped[bool | None]
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    answer: Mapped[str | None] = mapped_column(Text)

    author: Mapped[User] = relationship(lazy="raise", foreign_keys=author_id)
    post: Mapped[Post] = relationship(lazy="raise")

    __table_args__ = (
        unique_submission_index("held_items"),
        CheckConstraint("kind IN ('post', 'edit', 'comment', 'comment edit')", name="kind"),
        CheckConstraint("(decided_at IS NULL) = (is_approved IS NULL)", name="decided"),
        # The queue, the oldest first.
        Index("ix_held_items_waiting", "id", postgresql_where=_PENDING),
        # The items of a person, the newest first.
        Index(None, "author_id", "id"),
        Index(None, "post_id"),
        Index(None, "comment_id", postgresql_where=sql("comment_id IS NOT NULL")),
        Index(None, "decided_by_id", postgresql_where=sql("decided_by_id IS NOT NULL")),
        # To delete decided items after a while.
        Index("ix_held_items_decided", "decided_at",
              postgresql_where=sql("decided_at IS NOT NULL")),
        # A post is held at most once at a time, and so is an edit of it.
        Index("uq_held_items_post", "post_id", "kind", unique=True,
              postgresql_where=sql("decided_at IS NULL AND kind IN ('post', 'edit')")),
        Index("uq_held_items_comment_edit", "comment_id", unique=True,
              postgresql_where=sql("decided_at IS NULL AND kind = 'comment edit'")),
    )  # fmt: skip

    @property
    def waits(self) -> bool:
        """Whether nobody has decided yet."""
        return self.decided_at is None
