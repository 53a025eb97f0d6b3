"""How much of its share of requests a client has used."""

from datetime import datetime

from sqlalchemy import Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class RateLimit(Base):
    """One bucket of requests that fills up again with time (`blog.core.web.rate_limits`).

    `full_at` is when it is full again, `taken` how much the last one who asked was given. After
    a crash of the database all buckets are full: the table is unlogged, for speed.
    """

    __tablename__ = "rate_limits"

    key_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    full_at: Mapped[datetime] = mapped_column(index=True)
    taken: Mapped[int] = mapped_column(Integer)

    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012
