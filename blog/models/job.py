"""Background jobs."""

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class JobState(StrEnum):
    """The state of a job. A finished job has no row, unless it is recurring."""

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"


# The planner uses a partial index only if the query contains the index's condition.
UNFINISHED = text("state IN ('waiting', 'running')")


class Job(Base):
    """A background job, enqueued in the transaction that needs it.

    `due_at` is when it may run; for a running job it is the end of its worker's lease, which the
    worker extends. `claim` identifies a run: a worker that has lost the claim records nothing. Only
    one job with the same `kind` and `key` may wait.
    """

    __tablename__ = "jobs"

    id: Mapped[RowId]
    kind: Mapped[str] = mapped_column(String(64))
    key: Mapped[str | None] = mapped_column(String(255))
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    state: Mapped[JobState] = mapped_column(String(8), default=JobState.WAITING)
    created_at: Mapped[CreatedAt]
    due_at: Mapped[CreatedAt]
    claim: Mapped[uuid.UUID | None] = mapped_column(Uuid)
    attempts: Mapped[int] = mapped_column(Integer, server_default="0", default=0)
    last_error: Mapped[str | None] = mapped_column(Text)
    # The span that enqueued it (`blog.core.telemetry.spans.trace_parent`).
    trace_parent: Mapped[str | None] = mapped_column(String(55))

    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'running', 'failed')", name="state"),
        Index("ix_jobs_unfinished", "kind", "due_at", postgresql_where=UNFINISHED),
        Index(None, "state", "due_at", "id"),
        Index(
            "uq_jobs_waiting_key",
            "kind",
            "key",
            unique=True,
            postgresql_where=text("state = 'waiting' AND key IS NOT NULL"),
        ),
    )
