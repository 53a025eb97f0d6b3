"""login failures, and sessions that are remembered"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "b7e3a91f4c58"
down_revision: str | None = "5f0b83d2c7e9"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "sessions",
        sa.Column("is_remembered", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.create_table(
        "login_failures",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("account_digest", sa.LargeBinary(), nullable=False),
        sa.Column("network", postgresql.CIDR(), nullable=False),
        sa.Column("subscriber", postgresql.CIDR(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_failures")),
    )
    op.create_index(op.f("ix_login_failures_created_at"), "login_failures", ["created_at"])
    op.create_index(
        op.f("ix_login_failures_network_created_at"), "login_failures", ["network", "created_at"]
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_login_failures_network_created_at"), table_name="login_failures")
    op.drop_index(op.f("ix_login_failures_created_at"), table_name="login_failures")
    op.drop_table("login_failures")
    op.drop_column("sessions", "is_remembered")
