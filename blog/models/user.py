"""A person with an account."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, func
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, Count, CreatedAt, RowId
from blog.models.role import Permission, Role


class User(Base):
    """Who may log in, with the profile and the kept counts that pages show.

    `email` is stored in lower case; `username` keeps the case that its owner chose, and is
    unique whatever the case.
    """

    __tablename__ = "users"

    id: Mapped[RowId]
    username: Mapped[str] = mapped_column(String(64))
    email: Mapped[str] = mapped_column(String(254), unique=True)
    password_hash: Mapped[str] = mapped_column(String(255))
    role_id: Mapped[int] = mapped_column(ForeignKey("roles.id"), index=True)
    created_at: Mapped[CreatedAt]
    confirmed_at: Mapped[datetime | None]
    last_seen_at: Mapped[CreatedAt]
    name: Mapped[str] = mapped_column(String(64), server_default="", default="")
    location: Mapped[str] = mapped_column(String(64), server_default="", default="")
    about_me: Mapped[str] = mapped_column(String(2000), server_default="", default="")
    post_count: Mapped[Count]
    follower_count: Mapped[Count]
    following_count: Mapped[Count]

    role: Mapped[Role] = relationship(lazy="raise")

    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        Index("uq_users_username_lower", func.lower(username), unique=True),
    )

    @property
    def is_confirmed(self) -> bool:
        return self.confirmed_at is not None

    def can(self, permission: Permission) -> bool:
        """Whether this person may do what `permission` names: confirmed, and the role grants it."""
        return self.is_confirmed and self.role.grants(permission)
