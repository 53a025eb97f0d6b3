"""daily counts of the site, of those who use it by month of joining, and of requests"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "f1907ac35e42"
down_revision: str | None = "c2e80d5f7a19"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "daily_figures",
        sa.Column("name", sa.String(32, collation="C"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.Column(
            "counted_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("name", "day", name=op.f("pk_daily_figures")),
    )
    op.create_table(
        "monthly_activity",
        sa.Column("joined", sa.Date(), nullable=False),
        sa.Column("active", sa.Date(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("joined", "active", name=op.f("pk_monthly_activity")),
    )
    op.create_table(
        "route_days",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("method", sa.String(16, collation="C"), nullable=False),
        sa.Column("route", sa.String(200, collation="C"), nullable=False),
        sa.Column("requests", sa.BigInteger(), nullable=False),
        sa.Column("errors", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("durations", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("day", "method", "route", name=op.f("pk_route_days")),
    )


def downgrade() -> None:
    op.drop_table("route_days")
    op.drop_table("monthly_activity")
    op.drop_table("daily_figures")
