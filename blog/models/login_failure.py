"""Tries to log in that have not succeeded."""

from sqlalchemy import Index, LargeBinary
from sqlalchemy.dialects.postgresql import CIDR
from sqlalchemy.orm import Mapped, mapped_column

from blog.kit.networks import Network
from blog.models.base import Base, CreatedAt, RowId


class LoginFailure(Base):
    """One try with a wrong password, or one whose password is being looked at just now.

    `account_digest` stands for what was typed as the account, existing or not. The text
    itself is not kept: people type their password there by mistake.
    """

    __tablename__ = "login_failures"

    id: Mapped[RowId]
    account_digest: Mapped[bytes] = mapped_column(LargeBinary)
    network: Mapped[Network] = mapped_column(CIDR)
    subscriber: Mapped[Network] = mapped_column(CIDR)
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index(None, "network", "created_at"), Index(None, "created_at"))
