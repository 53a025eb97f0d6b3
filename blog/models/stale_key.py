"""The keys that caches in front of the site have to purge."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, RowId


class StaleKey(Base):
    """A surrogate key (`blog.core.purging.keys`) whose pages have changed.

    It is purged at `due_at`, and then the row is deleted. While there is a row, pages with this key
    are not cached for long. Several rows may have the same key, so that no writer waits for
    another.
    """

    __tablename__ = "stale_keys"

    id: Mapped[RowId]
    key: Mapped[str] = mapped_column(String(80))
    due_at: Mapped[datetime]

    __table_args__ = (Index(None, "key"), Index(None, "due_at", "id"))
