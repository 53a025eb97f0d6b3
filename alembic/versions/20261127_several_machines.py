"""the position in the log after the last write of an API token; the processes that are running"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "c4e81a6d2f07"
down_revision: str | None = "3f8a1c5e9b27"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("api_tokens", sa.Column("written_position", sa.BigInteger(), nullable=True))
    op.create_table(
        "heartbeats",
        sa.Column("process", sa.String(300), nullable=False),
        sa.Column("version", sa.String(100), nullable=False),
        sa.Column("signs_with", sa.String(16), nullable=False),
        sa.Column("accepts", postgresql.ARRAY(sa.String(16)), nullable=False),
        sa.Column("clock_offset", sa.Float(), nullable=False),
        sa.Column(
            "seen_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("process", name=op.f("pk_heartbeats")),
        prefixes=["UNLOGGED"],
    )


def downgrade() -> None:
    op.drop_table("heartbeats")
    op.drop_column("api_tokens", "written_position")
