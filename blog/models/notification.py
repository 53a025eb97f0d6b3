"""Notifications."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    String,
    literal_column,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.account_deletion import not_deleted
from blog.models.base import Base, CreatedAt, RowId


class NotificationKind(StrEnum):
    """The subject of a notification; users filter by it, and choose for each how they get mail."""

    COMMENT = "comment"  # Comments on their posts.
    REPLY = "reply"  # Replies to their comments.
    MENTION = "mention"  # Posts and comments that mention them.
    LIKE = "like"  # Likes of their posts and comments.
    FOLLOW = "follow"  # New followers.
    POST = "post"  # New posts of the people for whom they have turned this on.
    MODERATION = "moderation"  # Actions of moderators on their posts and comments.
    REPORT = "report"  # New reports, for moderators.
    EXPORT = "export"  # Their export is finished.
    IMPORT = "import"  # Their import is finished.


class NotificationMail(StrEnum):
    """The state of an item with respect to mail; NULL once that is done."""

    NEW = "new"  # Not processed yet.
    DIGEST = "digest"  # Waiting for the digest.


# The planner uses a partial index only if the query contains the index's condition.
IS_NEW, WAITS_FOR_DIGEST = text("mail = 'new'"), text("mail = 'digest'")
UNREAD = text("read_at IS NULL")


class Notification(Base):
    """A line in a user's notifications, such as "nina and 12 others liked “Title”".

    Its items are the individual events. There is at most one unread line for each kind and subject:
    later items join it, until it is read. The subject is a post or a comment of the recipient
    (for likes and moderation, either); the other kinds have one line for all their items.

    An item is deleted together with its cause, and no line is locked for that: so a line may have
    no items, and then it isn't shown (`HAS_ITEMS`). A job deletes old lines.
    """

    __tablename__ = "notifications"

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[NotificationKind] = mapped_column(String(10))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    # When the last item joined it; lists are in this order.
    created_at: Mapped[CreatedAt]
    read_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint(
            f"kind IN ({', '.join(repr(str(kind)) for kind in NotificationKind)})", name="kind"
        ),
        Index(
            "uq_notifications_unread",
            "user_id",
            "kind",
            "post_id",
            "comment_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where=UNREAD,
        ),
        # The lists: all lines, the lines of a kind, and the unread lines.
        Index(None, "user_id", "created_at", "id"),
        Index(None, "user_id", "kind", "created_at", "id"),
        Index("ix_notifications_unread", "user_id", "created_at", "id", postgresql_where=UNREAD),
        # To delete old lines.
        Index(None, "read_at", postgresql_where=text("read_at IS NOT NULL")),
        Index(None, "created_at", postgresql_where=UNREAD),
        # For the foreign keys.
        Index(None, "post_id", postgresql_where=text("post_id IS NOT NULL")),
        Index(None, "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
    )


class NotificationItem(Base):
    """An event that a user is notified of. Nobody is notified of the same event twice.

    One of the foreign keys refers to the row that caused it, with which it is deleted: when a like
    is withdrawn, or a comment, a report or an account is deleted.

    `post_id` is the post that it happened on, or that was published. `comment_id` is the comment
    that was written, or that moderators dealt with. `actor_id` is the user who did it; NULL for
    moderators and jobs.
    """

    __tablename__ = "notification_items"

    id: Mapped[RowId]
    notification_id: Mapped[int] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    # The user of the line, for the unique indexes.
    user_id: Mapped[int]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    # The post or comment that the actor likes, and the person that they follow.
    liked_post_id: Mapped[int | None]
    liked_comment_id: Mapped[int | None]
    followed_id: Mapped[int | None]
    report_id: Mapped[int | None] = mapped_column(ForeignKey("reports.id", ondelete="CASCADE"))
    export_id: Mapped[int | None] = mapped_column(ForeignKey("exports.id", ondelete="CASCADE"))
    import_id: Mapped[int | None] = mapped_column(ForeignKey("post_imports.id", ondelete="CASCADE"))
    created_at: Mapped[CreatedAt]
    mail: Mapped[NotificationMail | None] = mapped_column(String(6), server_default="new")

    __table_args__ = (
        ForeignKeyConstraint(
            ["liked_post_id", "actor_id"],
            ["post_likes.post_id", "post_likes.user_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["liked_comment_id", "actor_id"],
            ["comment_likes.comment_id", "comment_likes.user_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["followed_id", "actor_id"],
            ["follows.followed_id", "follows.follower_id"],
            ondelete="CASCADE",
        ),
        Index("ix_notification_items_new", "id", postgresql_where=IS_NEW),
        Index("ix_notification_items_digest", "user_id", postgresql_where=WAITS_FOR_DIGEST),
        # The items of a line, the newest first.
        Index(None, "notification_id", "id"),
        # Each event once; also for the foreign keys.
        *(
            Index(
                f"uq_notification_items_{'_'.join(columns)}",
                *columns,
                unique=True,
                postgresql_where=text(f"{columns[0]} IS NOT NULL{condition}"),
            )
            for columns, condition in (
                (
                    ("post_id", "user_id"),
                    " AND comment_id IS NULL AND liked_post_id IS NULL"
                    " AND liked_comment_id IS NULL",
                ),
                (("comment_id", "user_id"), ""),
                (("liked_post_id", "actor_id"), ""),
                (("liked_comment_id", "actor_id"), ""),
                (("followed_id", "actor_id"), ""),
                (("report_id", "user_id"), ""),
                (("export_id",), ""),
                (("import_id",), ""),
            )
        ),
        Index(None, "post_id", postgresql_where=text("post_id IS NOT NULL")),
        Index(None, "actor_id", "user_id", postgresql_where=text("actor_id IS NOT NULL")),
    )


# Items whose actor has deleted their account don't count, even while their rows still exist.
IS_THERE: ColumnElement[bool] = or_(
    NotificationItem.__table__.c.actor_id.is_(None),
    not_deleted(NotificationItem.__table__.c.actor_id),
)
HAS_ITEMS: ColumnElement[bool] = literal_column(
    "EXISTS (SELECT FROM notification_items"
    f" WHERE notification_items.notification_id = notifications.id AND ({IS_THERE}))",
    Boolean,
)
# Counting stops at this many unread lines.
MOST_UNREAD = 100
# The number of unread lines of a row of `users`. It is part of the statement that authenticates.
UNREAD_OF_USER: ColumnElement[int] = literal_column(
    "(SELECT count(*) FROM (SELECT FROM notifications"  # noqa: S608
    f" WHERE notifications.user_id = users.id AND {UNREAD} AND {HAS_ITEMS}"
    f" LIMIT {MOST_UNREAD}) AS unread)",
    BigInteger,
)
