"""Archives of all data about a user, made at their request."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, Integer, String, text
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class ExportState(StrEnum):
    """The state of an export."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"


# The planner uses a partial index only if the query contains the index's condition.
UNFINISHED_EXPORT = text("state IN ('waiting', 'running')")


class Export(Base):
    """An archive that a job makes. A user has at most one unfinished export.

    `name` is part of the key of the stored object. It is chosen before the job runs, so that a job
    that runs again replaces its previous archive.
    """

    __tablename__ = "exports"

    id: Mapped[RowId]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(32, collation="C"))
    state: Mapped[ExportState] = mapped_column(String(7), default=ExportState.WAITING)
    # How many posts and images are in the archive so far, and how many there are.
    files_done: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    files_total: Mapped[int | None] = mapped_column(Integer)
    # The size of the archive, once it is ready.
    bytes: Mapped[int | None]
    created_at: Mapped[CreatedAt]
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'ready', 'failed')", name="state"),
        Index(None, "user_id", "id"),
        Index("uq_exports_unfinished", "user_id", unique=True, postgresql_where=UNFINISHED_EXPORT),
        Index(None, "finished_at"),
    )
