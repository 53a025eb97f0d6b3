"""the idempotency keys of what moderators send: acts on waves, measures and notes

The columns are NULL in every row, so no row is stored anew.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b7e2d05a91c4"
down_revision: str | None = "6c1f93b7e0d5"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None

TABLES = ("bulk_acts", "measures", "moderator_notes")


def upgrade() -> None:
    for table in TABLES:
        op.add_column(table, sa.Column("submission", sa.Uuid(), nullable=True))
        op.create_index(
            op.f(f"uq_{table}_submission"), table, ["submission"], unique=True,
            postgresql_where=sa.text("submission IS NOT NULL"),
        )  # fmt: skip


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_column(table, "submission")
