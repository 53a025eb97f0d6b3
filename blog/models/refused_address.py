"""Addresses that refuse mail."""

from sqlalchemy import ColumnElement, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt

# After refusals on this many days, an address only gets mails that its owner has just asked for.
DAYS_UNTIL_STOPPED = 3


class RefusedAddress(Base):
    """An address that its mail server has permanently refused since the last accepted mail.

    `days` counts days, not mails: a fault of an hour must not stop the mails to anyone.
    """

    __tablename__ = "refused_addresses"

    address: Mapped[str] = mapped_column(String(254, collation="C"), primary_key=True)
    days: Mapped[int] = mapped_column(Integer, server_default=text("1"), default=1)
    # The last refusal that was counted.
    refused_at: Mapped[CreatedAt] = mapped_column(index=True)


def is_stopped() -> ColumnElement[bool]:
    """Whether mails with an unsubscribe link are no longer sent to an address, as a condition on
    its row."""
    return RefusedAddress.days >= DAYS_UNTIL_STOPPED
