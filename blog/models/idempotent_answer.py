"""What the API answered to a request that may be sent again."""

from typing import Any

from sqlalchemy import Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt


class IdempotentAnswer(Base):
    """The answer to the first request with an `Idempotency-Key`.

    `key_digest` stands for the key, who sent it and where to, `request_digest` for the body.
    There is no `status` while the first request is under way.
    """

    __tablename__ = "idempotent_answers"

    key_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    status: Mapped[int | None] = mapped_column(Integer)
    headers: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    body: Mapped[str] = mapped_column(Text, server_default="")
    created_at: Mapped[CreatedAt]

    __table_args__ = (Index(None, "created_at"),)
