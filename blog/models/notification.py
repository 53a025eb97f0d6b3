"""What people are notified of."""

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
    """What a notification is about; people filter by it, and choose for each how they get it."""

    COMMENT = "comment"  # Comments on a post of theirs.
    REPLY = "reply"  # Replies to a comment of theirs.
    MENTION = "mention"  # Posts and comments that mention them.
    LIKE = "like"  # Likes of a post or comment of theirs.
    FOLLOW = "follow"  # New followers.
    POST = "post"  # Posts of people they have asked to hear of.
    MODERATION = "moderation"  # What moderators did to a post or comment of theirs.
    REPORT = "report"  # New reports, for moderators.
    JOB = "job"  # An export or import of theirs has ended.


class NotificationMail(StrEnum):
    """What is to become of an item by mail; NULL once that is done."""

    NEW = "new"  # Not looked at yet.
    DIGEST = "digest"  # Waits for the digest.


# The planner uses a partial index only if the query contains the index's condition.
IS_NEW, WAITS_FOR_DIGEST = text("mail = 'new'"), text("mail = 'digest'")
UNREAD = text("read_at IS NULL")


class Notification(Base):
    """A line of somebody's notifications, such as "nina and 12 others liked “Title”".

    What happened are its items. There is at most one unread line for each kind and subject: a later
    item joins it, until it is read. The subject is the recipient's own post, or a comment of theirs
    on any post; the other kinds have one line for all their items. Likes and moderation have either
    subject.

    An item is deleted together with its cause, and no line is locked for that: so a line may have
    no items, and is not shown then (`HAS_ITEMS`). A job deletes old lines.
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
        # The lists: all lines, those of a kind, and the unread ones.
        Index(None, "user_id", "created_at", "id"),
        Index(None, "user_id", "kind", "created_at", "id"),
        Index("ix_notifications_unread", "user_id", "created_at", "id", postgresql_where=UNREAD),
        # To delete old ones.
        Index(None, "read_at", postgresql_where=text("read_at IS NOT NULL")),
        Index(None, "created_at", postgresql_where=UNREAD),
        # For the foreign keys.
        Index(None, "post_id", postgresql_where=text("post_id IS NOT NULL")),
        Index(None, "comment_id", postgresql_where=text("comment_id IS NOT NULL")),
    )


class NotificationItem(Base):
    """One thing that somebody is notified of. Nobody is notified of the same thing twice.

    Its cause is a row of the table that one of the foreign keys leads to, and it is deleted with
    that: when a like is taken back, a comment deleted, a report or an account.

    `post_id` is the post on which it happened, or which was published. `comment_id` is a comment
    that was written, or that moderators dealt with. `actor_id` is who did it, or NULL if that was
    a moderator or nobody.
    """

    __tablename__ = "notification_items"

    id: Mapped[RowId]
    notification_id: Mapped[int] = mapped_column(ForeignKey("notifications.id", ondelete="CASCADE"))
    # That of the line, for the unique indexes.
    user_id: Mapped[int]
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    post_id: Mapped[int | None] = mapped_column(ForeignKey("posts.id", ondelete="CASCADE"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"))
    # The post or comment that the actor likes, and the person whom they follow.
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
        # Once for each thing, and for the foreign keys.
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


# Items whose actor has deleted their account do not count, even before they are deleted.
IS_THERE: ColumnElement[bool] = or_(
    NotificationItem.__table__.c.actor_id.is_(None),
    not_deleted(NotificationItem.__table__.c.actor_id),
)
HAS_ITEMS: ColumnElement[bool] = literal_column(
    "EXISTS (SELECT FROM notification_items"
    f" WHERE notification_items.notification_id = notifications.id AND ({IS_THERE}))",
    Boolean,
)
# More unread lines than that are not counted.
MOST_UNREAD = 100
# How many unread lines a row of `users` has. It is part of the statement that authenticates.
UNREAD_OF_USER: ColumnElement[int] = literal_column(
    "(SELECT count(*) FROM (SELECT FROM notifications"  # noqa: S608
    f" WHERE notifications.user_id = users.id AND {UNREAD} AND {HAS_ITEMS}"
    f" LIMIT {MOST_UNREAD}) AS unread)",
    BigInteger,
)
