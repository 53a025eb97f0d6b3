"""what caches in front of the site have to forget"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "c4f1a7d20e93"
down_revision: str | None = "8b2d6f0c4e19"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "stale_keys",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stale_keys"),
    )
    op.create_index("ix_stale_keys_key", "stale_keys", ["key"])
    op.create_index("ix_stale_keys_due_at_id", "stale_keys", ["due_at", "id"])


def downgrade() -> None:
    op.drop_table("stale_keys")
