"""The log of domain events."""

from typing import Any

from sqlalchemy import BigInteger, Identity, Index, String, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class LoggedEvent(Base):
    """A domain event, added in the transaction that caused it.

    Ids are assigned before transactions commit, so a smaller one may become visible after a larger
    one. `transaction` is PostgreSQL's transaction id: the log is in the order (`transaction`,
    `id`), and `blog.core.events.log` reads only the complete part of it.
    """

    __tablename__ = "events"

    transaction: Mapped[int] = mapped_column(
        BigInteger,
        primary_key=True,
        autoincrement=False,
        server_default=text("(pg_current_xact_id()::text)::bigint"),
    )
    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    created_at: Mapped[CreatedAt]
    kind: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)

    # For counting the events of a day (`blog.admin.figures`).
    __table_args__ = (Index(None, "created_at"),)
