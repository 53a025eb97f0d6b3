"""What waits for a moderator before others can read it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId, SubmissionKey, once_a_submission
from blog.models.post import Post
from blog.models.user import User

_WAITS = sql("decided_at IS NULL")


class HeldKind(StrEnum):
    """What is held: a post, an edit of a public post, a comment, or an edit of a comment."""

    POST = "post"
    EDIT = "edit"
    COMMENT = "comment"
    COMMENT_EDIT = "comment edit"


class HeldItem(Base):
    """Something that is held for review, and what a moderator has decided.

    A held post is a row of `posts` with the status `held`. The text of everything else is only
    here, until a moderator approves it: so no list, count or notification can know of it.

    Attributes:
        post_id: the post, or the one that the comment is under.
        comment_id: the comment that is edited, or the one that an approved comment became.
        payload: the fields that were sent, except those of a post. Of a scheduled post that an act
            on a wave has refused, its time, in case that is undone.
        reasons: why it is held: the name of the rule, and what it found.
        digest: of the text that is held, and then of the one that was approved, so that this is not
            held again.
        version: that of the post when it was held; 0 for comments.
        decided_by_id: the moderator, until their account is deleted.
        rule, answer: the rule that a refusal rests on, and the reason.
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
        once_a_submission("held_items"),
        CheckConstraint("kind IN ('post', 'edit', 'comment', 'comment edit')", name="kind"),
        CheckConstraint("(decided_at IS NULL) = (is_approved IS NULL)", name="decided"),
        # The queue, the oldest first.
        Index("ix_held_items_waiting", "id", postgresql_where=_WAITS),
        # Those of a person, the newest first.
        Index(None, "author_id", "id"),
        Index(None, "post_id"),
        Index(None, "comment_id", postgresql_where=sql("comment_id IS NOT NULL")),
        Index(None, "decided_by_id", postgresql_where=sql("decided_by_id IS NOT NULL")),
        # What is decided is deleted after a while.
        Index("ix_held_items_decided", "decided_at",
              postgresql_where=sql("decided_at IS NOT NULL")),
        # A post waits once, and so does an edit of it.
        Index("uq_held_items_post", "post_id", "kind", unique=True,
              postgresql_where=sql("decided_at IS NULL AND kind IN ('post', 'edit')")),
        Index("uq_held_items_comment_edit", "comment_id", unique=True,
              postgresql_where=sql("decided_at IS NULL AND kind = 'comment edit'")),
    )  # fmt: skip

    @property
    def waits(self) -> bool:
        """Whether nobody has decided yet."""
        return self.decided_at is None
