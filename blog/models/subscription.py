"""Subscriptions to an author's posts by mail, for readers who need no account."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId

# The planner uses a partial index only if the query contains the index's condition.
ACTIVE = text("confirmed_at IS NOT NULL AND ended_at IS NULL")


class Subscription(Base):
    """An address that gets the posts of an author, from when its owner has confirmed it until they
    unsubscribe.

    Nobody sees whose it is. A trigger updates `users.subscriber_count`, which counts active ones.
    """

    __tablename__ = "subscriptions"

    id: Mapped[RowId]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254, collation="C"))
    # When somebody last entered the address.
    asked_at: Mapped[CreatedAt]
    # In which they read the page when they entered it; unknown of older ones.
    language: Mapped[str | None] = mapped_column(String(35))
    confirmed_at: Mapped[datetime | None]
    # When they unsubscribed. The row is kept for a while, so that they can change their mind.
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("author_id", "email"),
        Index(None, "email", "id"),
        Index("ix_subscriptions_active", "author_id", "id", postgresql_where=ACTIVE),
        Index(None, "asked_at", postgresql_where=text("confirmed_at IS NULL")),
        Index(None, "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )


class PostMailing(Base):
    """How far a post has been mailed: to all subscriptions up to the one with this id.

    So a job that is killed goes on where it was, and a post that is published again is not mailed
    again.
    """

    __tablename__ = "post_mailings"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    last_subscription_id: Mapped[int] = mapped_column(server_default=text("0"), default=0)
