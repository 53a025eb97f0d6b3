"""The public moderation log, a chain of entries that anyone can verify."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class Sealed(StrEnum):
    """The facts of an entry that it only contains as commitments."""

    MODERATOR = "moderator"
    PERSON = "person"
    ABOUT = "about"
    REASON = "reason"


class LogEntry(Base):
    """A moderation action in the public log.

    An entry names nobody: it has a commitment to each fact that is or may become personal data
    (`blog.core.crypto.chain`). A row of `LogOpening` opens a commitment, and can be deleted without
    breaking the chain. A trigger prevents updates and deletions of entries.

    Attributes:
        number: 1, 2, 3, … without gaps.
        act: an `Act` of the audit log.
        rule: the number and the text of the rule that was broken, as they were then.
        commitments: a hexadecimal digest for each `Sealed` fact of the entry.
        previous: the hash of the previous entry, in hexadecimal digits.
        hash: the hash of this entry.
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
    """The opening of a commitment: the fact, and the salt without which it could be guessed.

    Attributes:
        user_id: the person whose data the fact is; it is deleted with their account.
        is_public: whether everyone sees it, rather than only moderators.
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
