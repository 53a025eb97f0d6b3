"""Background jobs: what is to be done, and what failed."""

import uuid
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, Index, Integer, String, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from blog.models.base import Base, CreatedAt, RowId


class JobState(StrEnum):
    """Where a job stands. One that is done has no row, unless it is repeated."""

    WAITING = "waiting"
    RUNNING = "running"
    FAILED = "failed"


# The planner uses a partial index only where it sees the index's own condition in the query.
UNFINISHED = text("state IN ('waiting', 'running')")


class Job(Base):
    """Something to do in the background, written in the transaction that wants it done.

    `due_at` is when it may be run: for a job that is running, the end of the lease of the worker
    that runs it, which the worker prolongs. `claim` tells one run from another: whoever has lost
    the claim records nothing. Of jobs with the same `kind` and `key` one waits at a time.
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
