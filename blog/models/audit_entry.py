"""The audit log."""

from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId
from blog.models.user import User


class Act(StrEnum):
    """The actions of administrators and moderators, and of authors on comments on their posts."""

    CREATE_ACCOUNT = "create account"
    CHANGE_ROLE = "change role"
    DISABLE = "disable account"
    ENABLE = "enable account"
    APPROVE_APPLICATION = "approve application"
    REFUSE_APPLICATION = "refuse application"
    REMIND = "remind of a rule"
    HIDE_ALL = "hide everything"
    SHOW_ALL = "show everything"
    LIMIT = "limit account"
    UNLIMIT = "lift limit"
    PAUSE = "pause account"
    UNPAUSE = "lift pause"
    GRANT_APPEAL = "grant appeal"
    REJECT_APPEAL = "reject appeal"
    DELETE_ACCOUNT = "delete account"
    EDIT_PROFILE = "edit profile"
    SEND_RESET_LINK = "send link for a new password"
    SHOW_RESET_LINK = "show link for a new password"
    RESET_SECOND_FACTOR = "reset second factor"
    REVOKE_TOKENS = "revoke API tokens"
    REMOVE_COMMENT = "remove comment"
    DISABLE_COMMENT = "disable comment"
    ENABLE_COMMENT = "enable comment"
    EDIT_POST = "edit post"
    DELETE_POST = "delete post"
    HIDE_POST = "hide post"
    SHOW_POST = "show post"
    APPROVE_HELD = "approve held text"
    REFUSE_HELD = "refuse held text"
    BULK_ACT = "act on wave"
    UNDO_BULK_ACT = "undo act on wave"
    HIDE_REVISION = "hide revision"
    SHOW_REVISION = "show revision"
    RENAME_TAG = "rename tag"
    MERGE_TAG = "merge tag"
    BLOCK_TAG = "block tag"
    UNBLOCK_TAG = "unblock tag"
    RESOLVE_REPORT = "resolve report"
    DISMISS_REPORT = "dismiss report"
    CHANGE_SETTINGS = "change site settings"
    CHANGE_ANSWERS = "change answer template"
    RETRY_JOB = "retry job"
    DISCARD_JOB = "discard job"


class AuditEntry(Base):
    """An action: who did what to whom, when, and details.

    The log is append-only: a trigger prevents updates and deletions. Entries outlive the accounts
    in them, whose names are copied; the only update that the trigger allows is a reference becoming
    NULL when its account is deleted.
    """

    __tablename__ = "audit_entries"

    id: Mapped[RowId]
    created_at: Mapped[CreatedAt]
    actor_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    actor_name: Mapped[str] = mapped_column(String(64))
    act: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    subject_name: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(
        JSONB, server_default=text("'{}'"), default=dict
    )

    actor: Mapped[User | None] = relationship(foreign_keys=actor_id, lazy="raise")
    subject: Mapped[User | None] = relationship(foreign_keys=subject_id, lazy="raise")
