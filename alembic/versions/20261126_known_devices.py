"""devices that accounts know; attempts at passwords are counted in rate_limits"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "5d1c8e40b7a2"
down_revision: str | None = "4d7b20c6f1a9"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    # A constant default is stored once, in the catalogue: no row is written.
    op.add_column(
        "users", sa.Column("device_generation", sa.Integer(), server_default="0", nullable=False)
    )
    op.drop_table("login_failures")


def downgrade() -> None:
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
    op.drop_column("users", "device_generation")
