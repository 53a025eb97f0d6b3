"""The public log of moderation, a chain of entries that anybody can check."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class Sealed(StrEnum):
    """The facts of an entry that it has only as commitments."""

    MODERATOR = "moderator"
    PERSON = "person"
    ABOUT = "about"
    REASON = "reason"


class LogEntry(Base):
    """A moderation action in the public log.

    An entry names nobody: it has a commitment to each fact that is or may become personal data
    (`blog.core.crypto.chain`). What opens it is a row of `LogOpening`, which can be deleted without
    breaking the chain. A trigger prevents updates and deletions of entries.

    Attributes:
        number: 1, 2, 3, … without a gap.
        act: an `Act` of the audit log.
        rule: the number and the text of the rule it rests on, as they were then.
        commitments: a hexadecimal digest for each of the `Sealed` facts that it has.
        previous: the hash of the entry before, in hexadecimal digits.
        hash: that of this entry.
    """

    __tablename__ = "moderation_log"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    act: Mapped[str] = mapped_column(String(32))
    rule: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    commitments: Mapped[dict[str, str]] = mapped_column(JSONB)
    # Unique, so that the database refuses a fork.
    previous: Mapped[str] = mapped_column(String(64, collation="C"), unique=True)
    hash: Mapped[str] = mapped_column(String(64, collation="C"), unique=True)

    __table_args__ = (CheckConstraint("number > 0", name="number"), Index(None, "at"))


class LogOpening(Base):
    """What opens a commitment: the fact, and the salt without which nobody can guess it.

    Attributes:
        user_id: whose personal data it is; it is deleted with their account.
        is_public: whether everybody sees it, and not only moderators.
    """

    __tablename__ = "moderation_log_openings"

    number: Mapped[int] = mapped_column(ForeignKey("moderation_log.number"), primary_key=True)
    fact: Mapped[Sealed] = mapped_column(String(9), primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    value: Mapped[str] = mapped_column(Text)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    is_public: Mapped[bool]

    __table_args__ = (
        CheckConstraint("fact IN ('moderator', 'person', 'about', 'reason')", name="fact"),
        # For the deletion of an account.
        Index(None, "user_id"),
    )
