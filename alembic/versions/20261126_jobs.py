"""background jobs"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "7b04e2c91d6f"
down_revision: str | None = "1f6a08d3b952"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def moment(name: str) -> "sa.Column[object]":
    return sa.Column(
        name, sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
    )


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=True),
        sa.Column("payload", postgresql.JSONB(), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        moment("created_at"),
        moment("due_at"),
        sa.Column("claim", sa.Uuid(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'running', 'failed')", name=op.f("ck_jobs_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
    )
    op.create_index(
        "ix_jobs_unfinished",
        "jobs",
        ["kind", "due_at"],
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_index(op.f("ix_jobs_state_due_at_id"), "jobs", ["state", "due_at", "id"])
    op.create_index(
        "uq_jobs_waiting_key",
        "jobs",
        ["kind", "key"],
        unique=True,
        postgresql_where=sa.text("state = 'waiting' AND key IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_table("jobs")
