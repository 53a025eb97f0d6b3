"""Subscriptions to an author's posts by mail, for which readers need no account."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId

# The planner uses a partial index only if the query contains the index's condition.
ACTIVE = text("confirmed_at IS NOT NULL AND ended_at IS NULL")


class Subscription(Base):
    """An address that gets the posts of an author, from its confirmation until the owner
    unsubscribes.

    Nobody else sees the address. A trigger updates `users.subscriber_count`, which counts active
    subscriptions.
    """

    __tablename__ = "subscriptions"

    id: Mapped[RowId]
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(254, collation="C"))
    # When the address was last entered.
    asked_at: Mapped[CreatedAt]
    # The language of the page on which it was entered; NULL for old subscriptions.
    language: Mapped[str | None] = mapped_column(String(35))
    confirmed_at: Mapped[datetime | None]
    # When the owner unsubscribed. The row is kept for a while, in case they change their mind.
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("author_id", "email"),
        Index(None, "email", "id"),
        Index("ix_subscriptions_active", "author_id", "id", postgresql_where=ACTIVE),
        Index(None, "asked_at", postgresql_where=text("confirmed_at IS NULL")),
        Index(None, "ended_at", postgresql_where=text("ended_at IS NOT NULL")),
    )


class PostMailing(Base):
    """The progress of mailing a post: it was mailed to all subscriptions up to the one with this
    id.

    So a job that was killed continues where it was, and a post that is published again is not
    mailed again.
    """

    __tablename__ = "post_mailings"

    post_id: Mapped[int] = mapped_column(
        ForeignKey("posts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    last_subscription_id: Mapped[int] = mapped_column(server_default=text("0"), default=0)
