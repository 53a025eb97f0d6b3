"""whether a user has a second factor

Apart from the tables, because a transaction that locks `users` and another table may deadlock with
requests.
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "b41c7f0a95d6"
down_revision: str | None = "8f2a6d13c7e4"
branch_labels: Sequence[str] | None = None
depends_on: Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "users",
        sa.Column("has_second_factor", sa.Boolean, server_default=sa.false(), nullable=False),
    )


def downgrade() -> None:
    op.drop_column("users", "has_second_factor")
