"""Invitations to the site."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.user import User


class Invitation(Base):
    """An invitation, for one account.

    Its link contains the signed id, so the row has no secret. `note` says who it is for, and only
    the inviter sees it. `users.invited_by_id` also says who invited whom, and outlives this row.
    """

    __tablename__ = "invitations"

    id: Mapped[RowId]
    inviter_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    note: Mapped[str] = mapped_column(String(120), server_default="", default="")
    created_at: Mapped[CreatedAt]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]
    invitee_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )

    submission: Mapped[SubmissionKey]

    invitee: Mapped[User | None] = relationship(foreign_keys=invitee_id, lazy="raise")

    __table_args__ = (Index(None, "inviter_id", "id"), unique_submission_index("invitations"))
