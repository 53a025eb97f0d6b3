"""Stored responses of idempotent API requests."""

from typing import Any

from sqlalchemy import Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class IdempotentAnswer(Base):
    """The response to the first request with an `Idempotency-Key`.

    `key_digest` is a digest of the key, its sender and the URL; `request_digest` one of the body.
    `status` is NULL while the first request is in progress.
    """

    __tablename__ = "idempotent_answers"

    key_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(Integer)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    body: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index(None, "created_at"),)
