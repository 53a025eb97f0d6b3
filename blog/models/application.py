"""Applications for an account, on a site where administrators approve new members."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt
from blog.models.user import User


class Application(Base):
    """The text that a person who would like to join has written. The account awaits approval
    (`User.awaits_approval`); the decision deletes the row.

    `proved_at` is when the applicant proved that the email address is theirs.
    """

    __tablename__ = "applications"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    text: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[CreatedAt]
    proved_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise")
