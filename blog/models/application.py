"""Applications for an account, on a site that decides about them."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt
from blog.models.user import User


class Application(Base):
    """What someone has written who would like to join. Their account waits
    (`User.awaits_approval`), and the row goes with the decision.

    `proved_at` is when they proved that the email address is theirs.
    """

    __tablename__ = "applications"

    user_id: Mapped[int] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    text: Mapped[str] = mapped_column(String(2000))
    created_at: Mapped[CreatedAt]
    proved_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise")
