"""API tokens."""

from datetime import datetime
from enum import IntFlag

from sqlalchemy import BigInteger, ForeignKey, Integer, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from blog.models.base import Base, CreatedAt, RowId, SubmissionKey, unique_submission_index
from blog.models.user import User


class Scope(IntFlag):
    """The uses that a token may be put to, within the permissions of its user."""

    READ = 1
    WRITE = 2
    MODERATE = 4


class ApiToken(Base):
    """An API token. Deleting the row revokes it.

    Only the SHA-256 of the token is stored, so that read access to the database does not allow
    impersonation. `scopes` is a sum of `Scope`s. `name` is empty if a program requested the token
    by password. `written_position` is the position in the write-ahead log after the token's last
    write, in bytes, on a site with replicas: its holder only reads from replicas that have replayed
    that position.
    """

    __tablename__ = "api_tokens"

    id: Mapped[RowId]
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[CreatedAt]
    last_used_at: Mapped[datetime | None]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    written_position: Mapped[int | None] = mapped_column(BigInteger)
    submission: Mapped[SubmissionKey]

    user: Mapped[User] = relationship(lazy="raise")

    __table_args__ = (unique_submission_index("api_tokens"),)

    def allows(self, scope: Scope) -> bool:
        """Whether this token may be used for all of `scope`."""
        return self.scopes & scope == scope

    @property
    def scope_names(self) -> list[str]:
        """The names of the scopes, in lower case: read, write, moderate."""
        return [str(scope.name).lower() for scope in Scope if self.allows(scope)]
