"""Users."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Integer, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.core.clock import now
from blog.models.base import Base, Count, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.role import Permission, Role

# The key for finding people by name; chr(1) sorts before all letters. Written as PostgreSQL prints
# it, because `alembic check` compares that.
NAME_AND_USERNAME = "(lower(name) || chr(1)) || lower(username)"
# The words for finding people, as PostgreSQL prints the expression.
WORDS_OF_PERSON = (
    "to_tsvector('simple'::regconfig, search_text("
    "((name::text || ' '::text) || username::text) COLLATE \"default\"))"
)


class User(Base):
    """An account, with its profile and stored counts.

    `email` is stored in lower case; `username` keeps its case, and is unique ignoring case. Both
    have the collation "C", so that their unique indexes also serve prefix searches and sorting.

    `username_fold` is the skeleton of confusable usernames (`accounts/registration/usernames.py`).
    It is NULL for older accounts whose username is confusable with that of an even older one.

    `avatar` is the name of the uploaded image that is the avatar (`MediaFile`), if there is one. It
    has no foreign key, which would be circular; deleting the image unsets it.

    `avatar_hash` is Gravatar's hash of the address. It is a generated column, so that it follows
    every change of `email`.
    """

    __tablename__ = "users"

    id: Mapped[RowId]
    username: Mapped[str] = mapped_column(String(64, collation="C"))
    username_fold: Mapped[str | None] = mapped_column(String(64, collation="C"))
    email: Mapped[str] = mapped_column(String(254, collation="C"), unique=True)
    avatar_hash: Mapped[str] = mapped_column(
        # A cast from text to bytea that is immutable.
        String(64),
        Computed(
            r"encode(sha256(decode(replace(email, '\', '\\'), 'escape')), 'hex')", persisted=True
        ),
    )
    avatar: Mapped[str | None] = mapped_column(String(32, collation="C"))
    password_hash: Mapped[str] = mapped_column(String(255))
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"))
    created_at: Mapped[CreatedAt]
    confirmed_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    # Since then, lists leave out their texts, except for their followers.
    limited_at: Mapped[datetime | None]
    # Until then, they may only read.
    paused_until: Mapped[datetime | None]
    last_seen_at: Mapped[CreatedAt]
    name: Mapped[str] = mapped_column(String(64), server_default="", default="")
    location: Mapped[str] = mapped_column(String(64), server_default="", default="")
    about_me: Mapped[str] = mapped_column(String(2000), server_default="", default="")
    # The language that they write in, as a BCP 47 tag; NULL if unknown.
    language: Mapped[str | None] = mapped_column(String(35))
    # The language of pages and mails for them; NULL if they have not chosen one.
    interface_language: Mapped[str | None] = mapped_column(String(35))
    # Whether search engines are asked not to list the profile and the posts.
    noindex: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    # Whether their pages show no numbers of likes.
    hides_like_counts: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    post_count: Mapped[Count]
    follower_count: Mapped[Count]
    following_count: Mapped[Count]
    # How many people get their posts by mail, which only they see.
    subscriber_count: Mapped[Count]
    submission: Mapped[SubmissionKey]
    # Whether they have an authenticator app or a passkey, which a login by password then requires.
    has_second_factor: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    # Until an administrator has decided about their `Application`, they can't be confirmed.
    awaits_approval: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    invited_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    # Whether their profile says who invited them.
    shows_inviter: Mapped[bool] = mapped_column(server_default=text("false"), default=False)
    # When someone last tried so many wrong passwords that the limit over all networks was reached.
    attacked_at: Mapped[datetime | None]
    # Incremented to invalidate all known devices (`blog.core.auth.devices`).
    device_generation: Mapped[int] = mapped_column(Integer, server_default="0", default=0)

    role: Mapped[Role] = relationship(lazy="raise")

    # Loaded for the viewer of a request (`blog.core.auth.credentials`): counts up to 100, of which
    # moderators have the last two.
    unread_notifications = open_reports = held_items = 0
    # Also loaded for the viewer: whether they have muted or blocked anyone or were blocked, and
    # whether they hide any words.
    hides_people = False
    hides_words = False

    __table_args__ = (
        unique_submission_index("users"),
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        CheckConstraint(
            "NOT awaits_approval OR confirmed_at IS NULL", name="confirmed_after_approval"
        ),
        Index("uq_users_username_lower", func.lower(username), unique=True),
        Index(
            "uq_users_username_fold",
            username_fold,
            unique=True,
            postgresql_where=text("username_fold IS NOT NULL"),
        ),
        # For the administrators' list: the users of a role, and users in rare states.
        Index("ix_users_role_id_username_lower", "role_id", func.lower(username)),
        Index(
            "ix_users_disabled",
            func.lower(username),
            postgresql_where=text("disabled_at IS NOT NULL"),
        ),
        Index(
            "ix_users_unconfirmed",
            func.lower(username),
            postgresql_where=text("confirmed_at IS NULL"),
        ),
        Index(
            "ix_users_invited_by_id_id",
            "invited_by_id",
            "id",
            postgresql_where=text("invited_by_id IS NOT NULL"),
        ),
        Index("ix_users_limited", "id", postgresql_where=text("limited_at IS NOT NULL")),
        Index("ix_users_words", text(WORDS_OF_PERSON), postgresql_using="gin"),
        Index(None, "follower_count", "id"),
        Index(None, "created_at", "id"),
        Index("ix_users_name_and_username", text(f"({NAME_AND_USERNAME})")),
        # Leaves room for HOT updates of counts and times ("heap-only tuples", PostgreSQL 66.7).
        {"postgresql_with": {"fillfactor": 85}},
    )
    # Fetch generated columns with RETURNING, so that they need no additional statement.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012

    @property
    def avatar_key(self) -> str:
        """The key in the URL of the avatar: the name of an image, or Gravatar's hash."""
        return self.avatar or self.avatar_hash

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    @property
    def is_disabled(self) -> bool:
        """Whether an administrator has disabled the account; its content stays visible."""
        return self.disabled_at is not None

    @property
    def is_paused(self) -> bool:
        """Whether a moderator has paused the account, and the pause is not over."""
        return self.paused_until is not None and self.paused_until > now()

    @property
    def permissions(self) -> Permission:
        """The permissions of the role, if the account is confirmed and neither disabled nor paused.

        Use `blog.core.auth.viewer.Viewer` for the permissions within a request: a token may grant
        less.
        """
        is_active = self.is_confirmed and not self.is_disabled and not self.is_paused
        return Permission(self.role.permissions if is_active else 0)
