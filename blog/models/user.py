"""A person with an account."""

from datetime import datetime

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, Integer, String, func, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, Count, CreatedAt, RowId, SubmissionKey, once_a_submission
from blog.models.role import Permission, Role


class User(Base):
    """Who may log in, with the profile and the kept counts that pages show.

    `email` is stored in lower case; `username` keeps the case that its owner chose, and is
    unique whatever the case. Both are compared byte by byte (collation "C"), so that the
    indexes that make them unique also find those that begin with something, in order.

    `username_fold` is what all usernames have in common that look alike
    (`accounts/registration/usernames.py`). It is NULL where an older account has a username like
    that of a still older one.

    `avatar_hash` is how Gravatar names the address. The database computes it: no change of
    `email`, however it is made, can forget it.
    """

    __tablename__ = "users"

    id: Mapped[RowId]
    username: Mapped[str] = mapped_column(String(64, collation="C"))
    username_fold: Mapped[str | None] = mapped_column(String(64, collation="C"))
    email: Mapped[str] = mapped_column(String(254, collation="C"), unique=True)
    avatar_hash: Mapped[str] = mapped_column(
        # The cast of a text to its bytes that PostgreSQL counts as immutable.
        String(64),
        Computed(
            r"encode(sha256(decode(replace(email, '\', '\\'), 'escape')), 'hex')", persisted=True
        ),
    )
    password_hash: Mapped[str] = mapped_column(String(255))
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"))
    created_at: Mapped[CreatedAt]
    confirmed_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    last_seen_at: Mapped[CreatedAt]
    name: Mapped[str] = mapped_column(String(64), server_default="", default="")
    location: Mapped[str] = mapped_column(String(64), server_default="", default="")
    about_me: Mapped[str] = mapped_column(String(2000), server_default="", default="")
    post_count: Mapped[Count]
    follower_count: Mapped[Count]
    following_count: Mapped[Count]
    submission: Mapped[SubmissionKey]
    # Raised to make the account forget all devices that it knows (`blog.core.auth.devices`).
    device_generation: Mapped[int] = mapped_column(Integer, server_default="0", default=0)

    role: Mapped[Role] = relationship(lazy="raise")

    __table_args__ = (
        once_a_submission("users"),
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        Index("uq_users_username_lower", func.lower(username), unique=True),
        Index(
            "uq_users_username_fold",
            username_fold,
            unique=True,
            postgresql_where=text("username_fold IS NOT NULL"),
        ),
        # Those of a role, and the rare states, in the order of the administrator's list.
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
        # Room on each page: a count or a time that changes then touches no index (a
        # "heap-only tuple", PostgreSQL 66.7).
        {"postgresql_with": {"fillfactor": 85}},
    )
    # What the database computes comes back with the statement that changes it (RETURNING):
    # a later look at it must not need another one.
    __mapper_args__ = {"eager_defaults": True}  # noqa: RUF012

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    @property
    def is_disabled(self) -> bool:
        """Whether an administrator has shut this person out; what he wrote stays visible."""
        return self.disabled_at is not None

    @property
    def permissions(self) -> Permission:
        """What the role grants, to who is confirmed and not disabled.

        What somebody may do in a request is for `blog.core.auth.viewer.Viewer` to say: a token
        may grant less.
        """
        is_active = self.is_confirmed and not self.is_disabled
        return Permission(self.role.permissions if is_active else 0)
