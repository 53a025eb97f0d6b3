"""The processes that run the site."""

from datetime import datetime

from sqlalchemy import ARRAY, Float, String, func
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base


class Heartbeat(Base):
    """A process that is running, on any machine (`blog.core.jobs.heartbeats`).

    `signs_with` and `accepts` are fingerprints of `SECRET_KEY` and of all keys that it verifies.
    `clock_offset` is how far its clock is ahead of the database's, in seconds. The table is
    unlogged: after a crash of the database the processes report again.
    """

    __tablename__ = "heartbeats"

    process: Mapped[str] = mapped_column(String(300), primary_key=True)
    version: Mapped[str] = mapped_column(String(100))
    signs_with: Mapped[str] = mapped_column(String(16))
    accepts: Mapped[list[str]] = mapped_column(ARRAY(String(16)))
    clock_offset: Mapped[float] = mapped_column(Float)
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = {"prefixes": ["UNLOGGED"]}  # noqa: RUF012
