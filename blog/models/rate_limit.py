"""The buckets of the rate limiter."""

from datetime import datetime

from sqlalchemy import Integer, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class RateLimit(Base):
    """A bucket that refills with time (`blog.core.web.rate_limits`).

    `full_at` is when it will be full again, `taken` how much the last request took from it. The
    table is unlogged, for speed: after a crash of the database, all buckets are full.
    """

    __tablename__ = "rate_limits"

    key_digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    full_at: Mapped[datetime] = mapped_column(index=True)
    taken: Mapped[int] = mapped_column(Integer)

    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012
